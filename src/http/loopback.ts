import { isIP } from "node:net";
import type { IncomingMessage } from "node:http";

/** What a proxy adds: then the client is somewhere else, though the proxy is here. */
const proxyHeaders = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/**
 * Whether a request comes from this very machine and was meant for it. A proxy on the machine is known by its headers or by the
 * host name that it passes on; so is a web page that has its browser ask here.
 */
export function isFromLoopback({ socket, headers }: IncomingMessage): boolean {
  if (!isLoopback(socket.remoteAddress ?? "")) return false;
  if (proxyHeaders.some((name) => headers[name] !== undefined)) return false;
  const host = (headers.host ?? "").replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return host === "localhost" || isLoopback(host);
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, "");
  return (isIP(plain) === 4 && plain.startsWith("127.")) || plain === "::1";
}
