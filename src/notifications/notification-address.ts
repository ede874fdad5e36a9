import type { ProviderName } from "../providers/provider.js";

/** Where providers are told to send notifications; null where they could not, or must not. */
export type NotificationAddressOf = (provider: ProviderName) => Promise<string | null>;

/**
 * Below the address at which clients reach this server: over https, as providers want it. A provider on this very machine (the simulator)
 * may also be told an address of this machine over http. Null where the public address is not known.
 */
export function notificationAddress(
  publicUrl: string | null,
  provider: { name: ProviderName; apiUrl: string },
): string | null {
  if (publicUrl === null) return null;
  const isReachable =
    publicUrl.startsWith("https:") || (isOfThisMachine(publicUrl) && isOfThisMachine(provider.apiUrl));
  return isReachable ? `${publicUrl}/notifications/${provider.name.toLowerCase()}` : null;
}

function isOfThisMachine(address: string): boolean {
  const hostname = URL.parse(address)?.hostname ?? "";
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
