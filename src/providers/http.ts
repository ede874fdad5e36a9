import { PassThrough, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Agent, ProxyAgent, request, type Dispatcher } from "undici";
import { callLimits, type HttpLimits } from "./call-limits.js";
import type { ProviderCall } from "./provider.js";

type TransportErrorCode = "CONNECTION_ERROR" | "TIMEOUT" | "ANSWER_TOO_LARGE" | "CALL_ABORTED" | "MALFORMED_ANSWER";

/** A request that brought no answer we can hand on. The cause may name hosts. */
export class TransportError extends Error {
  readonly errorCode: TransportErrorCode;

  constructor(errorCode: TransportErrorCode, options?: ErrorOptions) {
    super(errorCode, options);
    this.name = "TransportError";
    this.errorCode = errorCode;
  }
}

/**
 * The HTTP side of all provider clients: one pool of connections with limits. It repeats no request and follows no redirect
 * (fetch does both: it sends a request again after a 421). HTTP/1.1 only, so that a limit on a request is one on its connection.
 */
export class ProviderHttp {
  readonly #limits: HttpLimits;
  readonly #dispatcher: Dispatcher;

  /** @param proxyUrl the HTTP proxy that all requests are tunnelled through, e.g. http://user:password@host:3128; null for none */
  constructor(limits: Partial<HttpLimits> = {}, proxyUrl: string | null = null) {
    this.#limits = { ...callLimits, ...limits };
    const { connectMs, headersMs, bodyBytes } = this.#limits;
    const options = {
      connectTimeout: connectMs,
      headersTimeout: headersMs,
      bodyTimeout: headersMs,
      maxResponseSize: bodyBytes,
      allowH2: false,
    };
    this.#dispatcher =
      proxyUrl === null ? new Agent(options) : new ProxyAgent({ ...options, uri: proxyUrl, proxyTunnel: true });
  }

  /**
   * A fetch for one call, to be given to a provider's client. It waits for `call.admit`, counts each request with `call.onRequest`
   * and ends it with `call.signal`; what it resolves to is an answer read to its end.
   * @throws TransportError, nothing else
   */
  fetchFor(call: ProviderCall): typeof fetch {
    return async (input, init) => {
      try {
        const asked = new Request(input, init);
        call.signal.throwIfAborted();
        await call.admit?.();
        call.onRequest();
        const signal = AbortSignal.any([call.signal, AbortSignal.timeout(this.#limits.totalMs)]);
        return await this.#send(asked, signal);
      } catch (error) {
        throw transportError(error, call.signal);
      }
    };
  }

  /** Closes every connection; requests under way fail. */
  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  async #send(asked: Request, signal: AbortSignal): Promise<Response> {
    // Only gzip is asked for, so only gzip is decoded.
    asked.headers.set("accept-encoding", "gzip");
    const answer = await request(asked.url, {
      dispatcher: this.#dispatcher,
      method: asked.method,
      headers: Object.fromEntries(asked.headers),
      body: asked.body === null ? null : Buffer.from(await asked.arrayBuffer()),
      signal,
    });
    const headers = headersOf(answer.headers);
    const body = await this.#read(answer, headers);
    return new Response(body.length === 0 ? null : body, { status: answer.statusCode, headers });
  }

  async #read(answer: Dispatcher.ResponseData, headers: Headers): Promise<Buffer<ArrayBuffer>> {
    const chunks: Buffer[] = [];
    let size = 0;
    await pipeline(answer.body, decoderOf(headers), async (decoded: AsyncIterable<Buffer>) => {
      for await (const chunk of decoded) {
        size += chunk.length;
        if (size > this.#limits.bodyBytes) throw new TransportError("ANSWER_TOO_LARGE");
        chunks.push(chunk);
      }
    });
    return Buffer.concat(chunks);
  }
}

function decoderOf(headers: Headers): Transform {
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip();
  return new PassThrough({
    // Failing inside the pipeline closes the connection, whose body nobody reads.
    construct: (callback) => {
      callback(encoding === "identity" ? null : new TransportError("MALFORMED_ANSWER"));
    },
  });
}

function headersOf(incoming: Dispatcher.ResponseData["headers"]): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  return headers;
}

/** undici's and Node's codes. */
const timeouts: ReadonlySet<unknown> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

function transportError(error: unknown, callSignal: AbortSignal): TransportError {
  if (error instanceof TransportError) return error;
  return new TransportError(transportErrorCode(error, callSignal), { cause: error });
}

function transportErrorCode(error: unknown, callSignal: AbortSignal): TransportErrorCode {
  if (callSignal.aborted) return "CALL_ABORTED";
  // Read by shape: Node's own errors may come from another realm, where instanceof does not hold.
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (name === "TimeoutError" || timeouts.has(code)) return "TIMEOUT";
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return "ANSWER_TOO_LARGE";
  if (typeof code === "string" && code.startsWith("Z_")) return "MALFORMED_ANSWER";
  return "CONNECTION_ERROR";
}
