import type { Application, Request } from "express";

/** Whether the peer of a request may say how the client reached it; Express' compiled setting. */
type TrustsProxy = (address: string | undefined, hop: number) => boolean;

const hostAndPort = /^([a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

/**
 * The server's address as clients know it, without a slash at its end: PUBLIC_URL where it is set; else what a trusted proxy says;
 * else where the request's connection ends. Never what the header Host says: anybody may write anything there, and it would
 * end up in the links that others are given.
 */
export function baseUrlOf(request: Request, publicUrl: string | null): string {
  if (publicUrl !== null) return publicUrl;
  const trusts = (request.app as Application).get("trust proxy fn") as TrustsProxy;
  return (trusts(request.socket.remoteAddress, 0) ? proxiedUrl(request) : null) ?? localUrl(request);
}

/** Of several values the last one counts, which the trusted proxy has written: the others came with the request. */
function proxiedUrl(request: Request): string | null {
  const host = lastValue(request.get("x-forwarded-host"));
  const protocol = lastValue(request.get("x-forwarded-proto")).toLowerCase() || "http";
  return hostAndPort.test(host) && /^https?$/.test(protocol) ? `${protocol}://${host}` : null;
}

function lastValue(header: string | undefined): string {
  return (header ?? "").split(",").at(-1)?.trim() ?? "";
}

function localUrl({ socket }: Request): string {
  const address = (socket.localAddress ?? "").replace(/^::ffff:/, "");
  return `http://${address.includes(":") ? `[${address}]` : address}:${String(socket.localPort)}`;
}
