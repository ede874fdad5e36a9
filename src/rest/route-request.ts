import type { Request, Response } from "express";
import { retryAfterSeconds } from "../http/answer-error.js";
import { traceOf } from "../http/request-trace.js";
import { Refusal, type Answer } from "./answer.js";
import { readFields } from "./body.js";
import { answerOf } from "./graphql-errors.js";
import { splitQuery } from "./links.js";
import { envelopeOf, lastPage, offsetOf, readPage, type Envelope, type PageRequest } from "./numbered-page.js";
import type { Asked, Route } from "./route.js";
import type { RestParts } from "./router.js";
import { prefix } from "./routes.js";

interface Source {
  parts: RestParts;
  request: Request;
  response: Response;
  route: Route;
  id: string;
  parameters: ReadonlyMap<string, string>;
}

/** What a request says besides naming its object. */
interface Content {
  asked: Asked;
  variables: Record<string, unknown>;
  page: PageRequest | null;
}

/** One request that may be answered by its route. */
export class RouteRequest {
  /** The page that is answered, once it is known. */
  #page = { number: 1, size: 1 };

  constructor(private readonly source: Source) {}

  /** @throws Refusal */
  async answer(): Promise<Answer> {
    const { asked, variables, page } = await this.#content();
    const { document } = this.source.route;
    const data =
      document === null ? {} : await this.#run(document, { ...variables, ...(await this.#paged(page, variables)) });
    const answer = this.source.route.render(data, asked);
    return asked.isAsync ? withHeader(answer, "Preference-Applied", "respond-async") : answer;
  }

  /** That there is no such object counts before anything that is wrong with the rest; only then is it asked for. */
  async #content(): Promise<Content> {
    try {
      return await this.#readContent();
    } catch (error) {
      const { route, id } = this.source;
      if (error instanceof Refusal && route.existence !== null) await this.#run(route.existence, { id });
      throw error;
    }
  }

  async #readContent(): Promise<Content> {
    const { request, response, route, id } = this.source;
    const parameters = known(this.source.parameters, route.query.shape);
    const page = route.paging ? readPage(parameters, route.paging.defaultSize) : null;
    const fields = route.body === null ? new Map() : known(await readFields(request, response), route.body.shape);
    const asked: Asked = {
      id,
      parameters,
      fields,
      isAsync: route.isAction && /(^|,)\s*respond-async\s*(;|,|$)/i.test(request.get("prefer") ?? ""),
      idempotencyKey: request.get("idempotency-key") ?? null,
      urlOf: (path) => `${this.#baseUrl()}${prefix}${path}`,
      envelope: (totalCount, results) => this.#envelope(totalCount, results),
    };
    return { asked, page, variables: { ...(id === "" ? {} : { id }), ...route.variables?.(asked) } };
  }

  /** The variables of the page; of the last one the length of the list is asked first. */
  async #paged(page: PageRequest | null, variables: object): Promise<object> {
    const { document, paging } = this.source.route;
    if (page === null || document === null || !paging) return {};
    const { size } = page;
    const number =
      page.number === "last"
        ? lastPage(paging.totalOf(await this.#run(document, { ...variables, first: 1, offset: 0 })), size)
        : page.number;
    this.#page = { number, size };
    return { first: size, offset: offsetOf(number, size) };
  }

  async #run(document: string, variables: object): Promise<object> {
    const { parts, response } = this.source;
    const { data, errors } = await parts.runOperation(response, document, variables);
    const [error] = errors;
    if (error) {
      const answer = answerOf(error, { requestId: traceOf(response).requestId, retryAfterSeconds });
      if (answer) throw new Refusal(String(error.extensions?.["code"]), answer);
    }
    if (error || data === null) throw new Error(`The operation cannot be run: ${error?.message ?? "no data"}`);
    return data;
  }

  #envelope<Row>(totalCount: number, results: Row[]): Envelope<Row> {
    const { request } = this.source;
    const [, query] = splitQuery(request.url);
    return envelopeOf(this.#page, `${this.#baseUrl()}${request.path}?${query}`, totalCount, results);
  }

  #baseUrl(): string {
    return this.source.parts.baseUrlOf(this.source.request);
  }
}

function known<Value>(values: ReadonlyMap<string, Value>, shape: object): Map<string, Value> {
  return new Map([...values].filter(([name]) => Object.hasOwn(shape, name)));
}

function withHeader(answer: Answer, name: string, value: string): Answer {
  return { ...answer, headers: { ...answer.headers, [name]: value } };
}
