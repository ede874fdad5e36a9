import { Client, HTTPMessageHandler, ResponseType } from "@microsoft/microsoft-graph-client";
import type { Context, Middleware } from "@microsoft/microsoft-graph-client";
import type { Simulator } from "../../src/simulator/simulator.js";
import { checkedAnswer } from "./graph-schemas.js";
import type { GraphAnswers } from "./graph-schemas.js";
import type { DeltaItem, DeltaPage } from "./graph-types.js";

export const immutable = 'IdType="ImmutableId"';

/** The window of the tests: half a year before their present, half a year after. */
export const window = { from: "2026-05-20T00:00:00Z", to: "2027-05-20T00:00:00Z" };

class BearerToken implements Middleware {
  readonly #next = new HTTPMessageHandler();

  constructor(private readonly accessToken: string) {}

  execute(context: Context): Promise<void> {
    const headers = new Headers(context.options?.headers);
    headers.set("authorization", `Bearer ${this.accessToken}`);
    context.options = { ...context.options, headers };
    return this.#next.execute(context);
  }
}

/**
 * The official client without its own authentication and retries, which http does not allow, against a simulator. Every answer is
 * checked against its documented shape.
 */
export class GraphClient {
  readonly #client: Client;
  readonly #root: string;

  constructor(simulator: Simulator, accessToken: string) {
    this.#root = simulator.microsoftApiUrl;
    const middleware = new BearerToken(accessToken);
    this.#client = Client.initWithMiddleware({ middleware, baseUrl: `${simulator.url}/` });
  }

  /** `path` may also be a link of an earlier answer. */
  async get<T extends keyof GraphAnswers>(type: T, path: string, prefer = immutable): Promise<GraphAnswers[T]> {
    const body: unknown = await this.#client.api(path.replace(this.#root, "")).header("Prefer", prefer).get();
    return checkedAnswer(type, body);
  }

  /** Creates, with the event as the service answers. */
  async create(
    path: string,
    event: object,
    headers: Record<string, string> = {},
  ): Promise<GraphAnswers["SingleEvent"]> {
    const body: unknown = await this.#request(path, headers).post(event);
    return checkedAnswer("SingleEvent", body);
  }

  async change(
    path: string,
    event: object,
    headers: Record<string, string> = {},
  ): Promise<GraphAnswers["SingleEvent"]> {
    const body: unknown = await this.#request(path, headers).patch(event);
    return checkedAnswer("SingleEvent", body);
  }

  async remove(path: string, headers: Record<string, string> = {}): Promise<void> {
    await this.#request(path, headers).delete();
  }

  /** The answer itself, with its status and headers. */
  async raw(path: string, event: object): Promise<Response> {
    return (await this.#request(path, {}).responseType(ResponseType.RAW).post(event)) as Response;
  }

  #request(path: string, headers: Record<string, string>) {
    return this.#client.api(path).headers({ Prefer: immutable, ...headers });
  }

  delta(link: string, prefer = immutable): Promise<DeltaPage> {
    return this.get("DeltaPage", link, prefer);
  }

  /** A whole round from a link, or from the start. */
  async round(
    link: string = firstLink(),
    prefer = immutable,
    betweenPages: () => void = () => undefined,
  ): Promise<DeltaRound> {
    const items: DeltaItem[] = [];
    let next = link;
    for (let pages = 1; pages <= 500; pages += 1) {
      const page = await this.delta(next, prefer);
      items.push(...page.value);
      if ("@odata.deltaLink" in page) return { items, pages, deltaLink: page["@odata.deltaLink"] };
      next = page["@odata.nextLink"];
      betweenPages();
    }
    throw new Error("The round does not end");
  }
}

export interface DeltaRound {
  items: DeltaItem[];
  pages: number;
  deltaLink: string;
}

export function firstLink(calendar = "/me", { from, to } = window): string {
  return `${calendar}/calendarView/delta?startDateTime=${from}&endDateTime=${to}`;
}

/** What an item is, in a word. */
export function kindOf(item: DeltaItem): string {
  return "@removed" in item ? "removed" : item.type;
}

export function kinds({ items }: { items: readonly DeltaItem[] }): string[] {
  return items.map(kindOf);
}

export interface GraphRefusal {
  status: number;
  code: string | null;
  message: string;
  headers: Headers;
  /** The error of the answer's body. */
  body: object;
}

/** The refusal of a call that has to fail with an answer, which is checked too. */
export async function graphRefusal(call: Promise<unknown>): Promise<GraphRefusal> {
  const error: unknown = await call.then(
    () => new Error("The call was expected to fail"),
    (reason: unknown) => reason,
  );
  if (!isGraphError(error)) throw error;
  const { statusCode: status, code, message, body, headers } = error;
  const { error: told } = checkedAnswer("Refusal", { error: JSON.parse(body) as unknown });
  return { status, code, message, headers, body: told };
}

interface AnsweredError {
  statusCode: number;
  code: string | null;
  message: string;
  body: string;
  headers: Headers;
}

function isGraphError(error: unknown): error is AnsweredError {
  return error instanceof Error && "statusCode" in error && "body" in error && typeof error.body === "string";
}
