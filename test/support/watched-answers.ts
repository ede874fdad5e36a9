import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { secretPatterns } from "./secrets.js";
import { keepWritten } from "./written.js";

const patterns = secretPatterns();
const channel = "http.server.request.start";

/**
 * Keeps every answer of this process that holds a secret, so that the run fails: of the servers at these addresses (simulated providers,
 * which answer with tokens, are others), or of all. Returns what ends it.
 */
export function watchAnswers(urls: readonly string[] | "all"): () => void {
  const ports = urls === "all" ? null : new Set(urls.map((url) => Number(new URL(url).port)));
  const onRequest = (message: unknown): void => {
    const { response, socket } = message as { response: ServerResponse; socket: Socket };
    if (ports === null || ports.has(socket.localPort ?? 0)) watch(response);
  };
  subscribe(channel, onRequest);
  return () => unsubscribe(channel, onRequest);
}

function watch(response: ServerResponse): void {
  const write = response.write.bind(response) as (...passed: unknown[]) => boolean;
  const end = response.end.bind(response) as (...passed: unknown[]) => ServerResponse;
  response.write = (...passed: unknown[]) => {
    look(response, passed[0]);
    return write(...passed);
  };
  response.end = (...passed: unknown[]) => {
    look(response, passed[0]);
    look(response, JSON.stringify(response.getHeaders()));
    return end(...passed);
  };
}

function look({ req }: ServerResponse, chunk: unknown): void {
  if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
  const text = Buffer.from(chunk);
  if (!patterns.some((pattern) => text.includes(pattern))) return;
  keepWritten("answer", `${req.method ?? ""} ${req.url ?? ""}: ${text.toString()}\n`);
}
