import {
  Client,
  ResponseType,
  type Context,
  type GraphRequest as ClientRequest,
  type Middleware,
} from "@microsoft/microsoft-graph-client";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import { isStorableText } from "../text.js";
import { microsoftFailure, refusalOf } from "./errors.js";

/** The most that Graph puts into a page, and what is asked for where such pages are too large for us. */
export const pageSize = { usual: 1000, small: 50 } as const;

/**
 * Sent with every request, or ids and links of different requests would not fit each other: ids that stay when an event is moved
 * within its mailbox, times in UTC, and bodies as text, which is shorter, where they cannot be left out.
 */
export const preferences = 'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text"';

/** An answer of Graph's that is a success, as JSON. */
export interface GraphAnswer {
  body: unknown;
  status: number;
}

/** What changes something, and how it is told to. */
interface GraphWrite {
  method: "POST" | "PATCH";
  /** After `v1.0/`. */
  path: string;
  accessToken: string;
  body: object;
  /** Of what the request means to change: it is refused when that has been changed since. */
  etag?: string;
}

interface GraphRequest {
  method: "GET" | "DELETE" | GraphWrite["method"];
  path: string;
  accessToken: string;
  body?: object;
  headers?: Record<string, string>;
}

const eventWrite: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false, isWrite: true };

/** Reads from Graph and writes over its official client, with none of its own handlers: they repeat requests and know only https. */
export class Graph {
  /** Of the pages asked for. */
  maxPageSize: number = pageSize.usual;
  /** What every address begins with, `/v1.0/` included. */
  readonly #root: URL;

  /** @param apiUrl http or https, with or without `v1.0`, e.g. https://graph.microsoft.com */
  constructor(
    apiUrl: string,
    private readonly fetch: typeof globalThis.fetch,
  ) {
    this.#root = new URL(`${apiUrl.replace(/\/*(v1\.0\/*)?$/, "")}/v1.0/`);
  }

  /**
   * @param path after `v1.0/`, with its query; a link's path is sent as it came
   * @throws ProviderFailure
   */
  async get(path: string, accessToken: string, asked: RefusedRequest): Promise<GraphAnswer> {
    const response = await this.#answer({ method: "GET", path, accessToken }, asked);
    return answerOf(response);
  }

  /** @throws ProviderFailure */
  async write({ etag, ...request }: GraphWrite): Promise<GraphAnswer> {
    const headers = etag === undefined ? {} : { "If-Match": etag };
    return answerOf(await this.#answer({ ...request, headers }, eventWrite));
  }

  /** @throws ProviderFailure */
  async delete(path: string, accessToken: string): Promise<void> {
    await this.#answer({ method: "DELETE", path, accessToken }, eventWrite);
  }

  /** What of a link is stored: its path after `v1.0/`. Null for a link that leads elsewhere, where no token may be sent. */
  pathOf(link: string): string | null {
    if (!URL.canParse(link)) return null;
    const { href } = new URL(link);
    return this.#isOwn(href) && isStorableText(link) ? href.slice(this.#root.href.length) : null;
  }

  async #answer(request: GraphRequest, asked: RefusedRequest): Promise<Response> {
    try {
      const response = await this.#send(request);
      if (!response.ok) throw await refusalOf(response, asked);
      return response;
    } catch (error) {
      throw microsoftFailure(error);
    }
  }

  async #send({ method, path, accessToken, body, headers = {} }: GraphRequest): Promise<Response> {
    const { href } = new URL(path, this.#root);
    if (!this.#isOwn(href)) throw providerFailure("REQUEST_REFUSED");
    const sender = new Sender(href, this.fetch);
    const client = Client.initWithMiddleware({
      baseUrl: this.#root.origin,
      middleware: [new Authentication(accessToken), sender],
    });
    try {
      const request = client
        .api(path)
        .headers({ ...headers, Prefer: `${preferences}, odata.maxpagesize=${this.maxPageSize}` })
        .responseType(ResponseType.RAW);
      const answer: unknown = await sentAs(request, method, body);
      if (answer instanceof Response) return answer;
      throw new TypeError("the client gave no answer");
    } catch (error) {
      // The client keeps only the message of what its last handler threw.
      throw sender.failure ?? error;
    }
  }

  #isOwn(href: string): boolean {
    return href.startsWith(this.#root.href);
  }
}

function sentAs(request: ClientRequest, method: GraphRequest["method"], body?: object): Promise<unknown> {
  if (method === "POST") return request.post(body);
  if (method === "PATCH") return request.patch(body);
  return method === "DELETE" ? request.delete() : request.get();
}

async function answerOf(response: Response): Promise<GraphAnswer> {
  return { body: await jsonOf(response), status: response.status };
}

/** A truncated or foreign body is no answer, though it came with 200. */
export async function jsonOf(response: Response): Promise<unknown> {
  const { status, headers } = response;
  const isJson = headers.get("content-type")?.toLowerCase().startsWith("application/json") ?? false;
  try {
    if (isJson) return await response.json();
  } catch (cause) {
    throw providerFailure("MALFORMED_ANSWER", { providerStatus: status, cause });
  }
  throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
}

/** The client's own handler attaches tokens to https addresses of Microsoft's only. */
class Authentication implements Middleware {
  #next: Middleware | null = null;

  constructor(private readonly accessToken: string) {}

  setNext(next: Middleware): void {
    this.#next = next;
  }

  async execute(context: Context): Promise<void> {
    const headers = new Headers(context.options?.headers);
    headers.set("authorization", `Bearer ${this.accessToken}`);
    context.options = { ...context.options, headers };
    await this.#next?.execute(context);
  }
}

/** Sends to exactly the address that was meant: the client takes links apart and loses repeated parameters. */
class Sender implements Middleware {
  failure: unknown = null;

  constructor(
    private readonly href: string,
    private readonly fetch: typeof globalThis.fetch,
  ) {}

  async execute(context: Context): Promise<void> {
    try {
      const { method = "GET", headers, body = null } = context.options ?? {};
      context.response = await this.fetch(this.href, { method, headers: new Headers(headers), body });
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
