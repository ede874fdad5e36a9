import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { adminAnswer, isAdminPath } from "./admin/routes.js";
import type { Control } from "./control.js";
import { jsonAnswer } from "./answer.js";
import type { IncomingRequest } from "./answer.js";
import { deliver, deliverDisturbed, disturbedAnswer } from "./delivery.js";
import type { Fault } from "./faults.js";
import { googleAccountOf, googleAnswer, isGooglePath } from "./google/routes.js";
import type { JournalEntry } from "./journal.js";
import type { World } from "./world.js";

const MOST_BODY_BYTES = 4 * 1_048_576;

/** The simulator's HTTP side: reads requests, keeps the journal, and applies faults before and after the providers' answers. */
export class HttpServer {
  readonly #server: Server;
  readonly #stopped = new AbortController();

  constructor(
    private readonly world: World,
    private readonly control: Control,
    private readonly log: (message: string) => void,
  ) {
    this.#server = createServer({ keepAliveTimeout: 30_000 }, (message, response) => {
      this.#serve(message, response).catch((error: unknown) => {
        // A client that went away in the middle of its request needs no answer and is no failure.
        if (!message.destroyed || message.complete) this.#fail(response, error);
      });
    });
  }

  /** Resolves to the port. Rejects where the address cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The simulator listens on no port");
    return address.port;
  }

  /** Ends every connection, hanging ones too. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message);
    if (!request) {
      deliver(response, jsonAnswer(413, { error: "the body is too large" }, { connection: "close" }));
      return;
    }
    const { pathname } = request.url;
    if (isAdminPath(pathname)) deliver(response, adminAnswer(this.control, request));
    else if (isGooglePath(pathname)) await this.#serveProvider(request, response);
    else deliver(response, jsonAnswer(404, { error: `nothing is served at ${pathname}` }));
  }

  async #serveProvider(request: IncomingRequest, response: ServerResponse): Promise<void> {
    const account = googleAccountOf(this.world, request);
    const entry = this.world.journal.record(request, "google", account);
    const path = request.url.pathname + request.url.search;
    const fault = this.world.faults.take({ provider: "google", method: request.method, path, account });
    if (!fault) {
      const answer = googleAnswer(this.world, request);
      entry.status = answer.status;
      deliver(response, answer);
      return;
    }
    entry.faultId = fault.id;
    await this.#serveFault(fault, request, response, entry);
  }

  async #serveFault(
    fault: Fault,
    request: IncomingRequest,
    response: ServerResponse,
    entry: JournalEntry,
  ): Promise<void> {
    const { effect } = fault;
    const real = isCarriedOut(fault) ? googleAnswer(this.world, request) : null;
    if (effect.delayMs !== undefined) await this.#wait(effect.delayMs);
    if (effect.hang || response.destroyed || this.#stopped.signal.aborted) return;
    const answer = isOnlyDelay(fault) ? (real ?? googleAnswer(this.world, request)) : disturbedAnswer(real, effect);
    if (!effect.destroy) entry.status = answer.status;
    await deliverDisturbed(response, answer, effect, this.#stopped.signal);
  }

  async #wait(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }

  #fail(response: ServerResponse, error: unknown): void {
    this.log(
      `The simulator failed to answer: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    if (response.headersSent) response.destroy();
    else
      deliver(
        response,
        jsonAnswer(500, {
          error: {
            code: 500,
            message: "Backend Error",
            errors: [{ domain: "global", reason: "backendError", message: "Backend Error" }],
          },
        }),
      );
  }
}

/** A fault that replaces no answer disturbs the real one, which therefore has to exist. */
function isCarriedOut({ when, effect }: Fault): boolean {
  if (when === "after") return true;
  const isReplaced = effect.status !== undefined || effect.body !== undefined;
  const isLost = effect.destroy === true && !effect.truncate;
  return !isReplaced && !isLost && !effect.hang && !isOnlyDelay({ effect });
}

/** The request is carried out after the delay then, as by a slow service. */
function isOnlyDelay({ effect }: Pick<Fault, "effect">): boolean {
  return Object.keys(effect).every((name) => name === "delayMs");
}

async function readRequest(message: IncomingMessage): Promise<IncomingRequest | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const url = URL.parse(message.url ?? "/", "http://simulator.invalid") ?? new URL("http://simulator.invalid/");
  return { method: message.method ?? "GET", url, headers: headersOf(message), body: Buffer.concat(chunks).toString() };
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
