import type { z } from "zod";
import type { Answer } from "./answer.js";
import type { Envelope } from "./numbered-page.js";

/** What a request asks of its route, checked. */
export interface Asked {
  /** As it stands in the path, decoded; empty where the path has none. GraphQL says whether it is an id. */
  id: string;
  /** The query parameters that the route knows; of a repeated one the last. */
  parameters: ReadonlyMap<string, string>;
  /** The body's fields that the route knows. */
  fields: ReadonlyMap<string, unknown>;
  /** Prefer: respond-async. */
  isAsync: boolean;
  /** The header Idempotency-Key; null where there is none. */
  idempotencyKey: string | null;
  /** The absolute URL of a path below the prefix, such as "connections/". */
  urlOf(path: string): string;
  /** A page's rows in Django REST Framework's envelope; only for routes with paging. */
  envelope<Row>(totalCount: number, results: Row[]): Envelope<Row>;
}

/** How the list of a route is paged. */
export interface Paging<Data> {
  /** Rows of a page when the client does not say. */
  defaultSize: number;
  totalOf(data: Data): number;
}

/** One line of the table of routes. `Data` is what its GraphQL document answers. */
export interface RouteOf<Data> {
  method: "GET" | "POST";
  /** Below the prefix, with a trailing slash where it has one; `{id}` and the like take one segment. */
  path: string;
  /** What OPTIONS calls it. */
  name: string;
  /** A sentence, for the OpenAPI description. */
  description: string;
  /** Whether it starts something: counted by the limit of mutations, and Prefer and Idempotency-Key are heard. */
  isAction: boolean;
  /** The query parameters it knows. */
  query: z.ZodObject;
  /** The body's fields it knows, all optional; null where a body is not read. */
  body: z.ZodObject | null;
  /** Each status it answers with, and the body's form. */
  answers: Readonly<Record<number, z.ZodType>>;
  /** The GraphQL operation it runs; null where it answers from the request alone. Takes $id if its path has one, $first and $offset if it has paging. */
  document: string | null;
  /** Of a path with an id: the operation that fails when there is no such object, asked only when the rest of the request is bad. */
  existence: string | null;
  /** Further variables of the document. @throws Refusal */
  variables?(asked: Asked): Record<string, unknown>;
  paging?: Paging<Data>;
  render(data: Data, asked: Asked): Answer;
}

export type Route = RouteOf<object>;

/** Lets a row's render function name what its document answers. */
export function route<Data extends object>(row: RouteOf<Data>): Route {
  return row;
}
