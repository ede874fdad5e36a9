import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createClientServer, type ClientTimeouts } from "./client-server.js";
import { listen } from "./listen.js";
import { processIsUp, readiness, type Readiness } from "./probes.js";

/** What a scrape is answered with. */
export interface Scrape {
  contentType: string;
  text(): Promise<string>;
}

export interface OperationsServer {
  url: string;
  /** Breaks off what it is answering. */
  stop(): Promise<void>;
}

/** Nobody who operates a process sends a body, or reads slowly. */
const timeouts: ClientTimeouts = { headersMs: 10_000, requestMs: 10_000, answerMs: 60_000 };

/**
 * The port for those who operate a process, whatever its roles: /metrics, /healthz and /readyz. It asks nobody who they are: the
 * network in front of it must.
 * @throws ListenError
 */
export async function startOperationsServer(
  address: { host: string; port: number },
  parts: { scrape: Scrape; readiness: Readiness },
): Promise<OperationsServer> {
  const server = createClientServer({ timeouts }, answerWith(parts));
  const url = await listen(server, address, "METRICS_PORT");
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url, stop };
}

function answerWith({ scrape, readiness: asked }: { scrape: Scrape; readiness: Readiness }): RequestListener {
  return (request, response) => {
    answer(request, response, scrape, asked).catch((error: unknown) => {
      asked.log.error({ err: error }, "metrics cannot be told");
      send(response, 500, "application/json", JSON.stringify({ status: "error" }));
    });
  };
}

async function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  scrape: Scrape,
  asked: Readiness,
): Promise<void> {
  const path = (url ?? "").split("?")[0];
  if (method !== "GET" && method !== "HEAD") {
    send(response, 405, "application/json", JSON.stringify({ status: "method not allowed" }));
  } else if (path === "/metrics") {
    send(response, 200, scrape.contentType, await scrape.text());
  } else if (path === "/healthz" || path === "/readyz") {
    const { status, body } = path === "/healthz" ? processIsUp : await readiness(asked);
    send(response, status, "application/json", JSON.stringify(body));
  } else {
    send(response, 404, "application/json", JSON.stringify({ status: "not found" }));
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    "content-type": contentType,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
