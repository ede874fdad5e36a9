import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { adminAnswer, isAdminPath } from "./admin/routes.js";
import type { Control } from "./control.js";
import { jsonAnswer } from "./answer.js";
import type { Answer, IncomingRequest } from "./answer.js";
import { deliver, deliverDisturbed, disturbedAnswer } from "./delivery.js";
import type { Fault } from "./faults.js";
import { readRequest } from "./incoming-request.js";
import type { JournalEntry } from "./journal.js";
import { overLimitAnswer } from "./microsoft/routes.js";
import { PROVIDERS } from "./provider-apis.js";
import type { ProviderApi } from "./provider-apis.js";
import type { SelfSigned } from "./self-signed-certificate.js";
import type { World } from "./world.js";

const IDLE_MS = 30_000;

/** The simulator's HTTP side: reads requests, keeps the journal, and applies faults before and after the providers' answers. */
export class HttpServer {
  readonly #servers: Server[] = [];
  readonly #stopped = new AbortController();

  constructor(
    private readonly world: World,
    private readonly control: Control,
    private readonly log: (message: string) => void,
  ) {}

  /** Resolves to the port. Rejects where the address cannot be had. */
  listen(host: string, port: number): Promise<number> {
    return this.#open(createServer({ keepAliveTimeout: IDLE_MS }, this.#listener), host, port);
  }

  /** The same over TLS, on any free port. */
  listenTls(host: string, { key, certificate: cert }: SelfSigned): Promise<number> {
    return this.#open(createTlsServer({ key, cert, keepAliveTimeout: IDLE_MS }, this.#listener), host, 0);
  }

  readonly #listener: RequestListener = (message, response) => {
    this.#serve(message, response).catch((error: unknown) => {
      // A client that went away in the middle of its request needs no answer and is no failure.
      if (!message.destroyed || message.complete) this.#fail(response, error);
    });
  };

  async #open(server: Server, host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    this.#servers.push(server);
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The simulator listens on no port");
    return address.port;
  }

  /** Ends every connection, hanging ones too. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#servers.map(closed));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message);
    if (!request) {
      deliver(response, jsonAnswer(413, { error: "the body is too large" }, { connection: "close" }));
      return;
    }
    const { pathname } = request.url;
    if (isAdminPath(pathname)) deliver(response, await adminAnswer(this.control, request));
    else {
      const api = PROVIDERS.find(({ isPath }) => isPath(pathname));
      if (api) await this.#serveProvider(api, request, response);
      else deliver(response, jsonAnswer(404, { error: `nothing is served at ${pathname}` }));
    }
  }

  async #serveProvider(api: ProviderApi, request: IncomingRequest, response: ServerResponse): Promise<void> {
    const account = api.accountOf(this.world, request);
    const entry = this.world.journal.record(request, api.provider, account);
    const overLimit = this.#enterMailbox(api, request, response);
    const fault = overLimit ? null : this.#faultFor(api, request, account);
    if (!fault) {
      const answer = overLimit ?? (await api.answer(this.world, request));
      entry.status = answer.status;
      deliver(response, answer);
      return;
    }
    entry.faultId = fault.id;
    await this.#serveFault(fault, () => api.answer(this.world, request), response, entry);
  }

  /** A request is under way in its mailbox until its answer is through or its connection gone. Null lets it in. */
  #enterMailbox(api: ProviderApi, request: IncomingRequest, response: ServerResponse): Answer | null {
    const mailbox = api.mailboxOf(this.world, request);
    if (mailbox === null) return null;
    const refusal = this.world.mailboxLimits.enter(mailbox);
    if (refusal) return overLimitAnswer(this.world, request, refusal);
    response.once("close", () => {
      this.world.mailboxLimits.leave(mailbox);
    });
    return null;
  }

  /** Faults that were asked for come before those of a profile, which leaves token requests alone. */
  #faultFor({ provider }: ProviderApi, { method, url }: IncomingRequest, account: string | null): Fault | null {
    const fault = this.world.faults.take({ provider, method, path: url.pathname + url.search, account });
    if (fault || account === null || method !== "GET") return fault;
    return this.world.profile?.take(provider, account) ?? null;
  }

  async #serveFault(
    fault: Fault,
    carryOut: () => Answer | Promise<Answer>,
    response: ServerResponse,
    entry: JournalEntry,
  ): Promise<void> {
    const { effect } = fault;
    const real = isCarriedOut(fault) ? await carryOut() : null;
    if (effect.delayMs !== undefined) await this.#wait(effect.delayMs, fault.id);
    if (effect.hang || response.destroyed || this.#stopped.signal.aborted) return;
    const answer = isOnlyDelay(fault) ? (real ?? (await carryOut())) : disturbedAnswer(real, effect);
    if (!effect.destroy) entry.status = answer.status;
    await deliverDisturbed(response, answer, effect, this.#stopped.signal);
  }

  /** A fault that is taken back lets go of the requests that it holds. */
  async #wait(milliseconds: number, faultId: number): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, this.world.faults.clearing(faultId)]);
    await pause(milliseconds, undefined, { signal }).catch(() => undefined);
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

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
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
