/** Whether an address is on this machine: notifications go nowhere else unless the simulator is told otherwise. */
export function isLoopback(address: string): boolean {
  const hostname = URL.parse(address)?.hostname ?? "";
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

export function isHttps(address: string): boolean {
  return URL.parse(address)?.protocol === "https:";
}

/** An address that can be posted to. */
export function isWebAddress(address: string): boolean {
  return /^https?:$/.test(URL.parse(address)?.protocol ?? "");
}
