import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { IncomingRequest } from "./answer.js";

const MOST_BODY_BYTES = 4 * 1_048_576;

/** A request with its whole body; null where that is too large. */
export async function readRequest(message: IncomingMessage): Promise<IncomingRequest | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const url = URL.parse(message.url ?? "/", "http://simulator.invalid") ?? new URL("http://simulator.invalid/");
  const headers = headersOf(message);
  const origin = `${message.socket instanceof TLSSocket ? "https" : "http"}://${headers["host"] ?? "127.0.0.1"}`;
  return { method: message.method ?? "GET", url, origin, headers, body: Buffer.concat(chunks).toString() };
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
