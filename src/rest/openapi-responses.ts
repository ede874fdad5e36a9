import { graphqlErrors, type ErrorContext } from "./graphql-errors.js";
import type { JsonSchema } from "./openapi-schemas.js";
import { refusals, serverError, throttled, unavailable } from "./refusals.js";

/** What a status means on every route, and what it looks like. */
interface StatusText {
  /** Of the component that routes with the same form share; null where each route has its own form. */
  name: string | null;
  description: string;
  examples?: Readonly<Record<string, unknown>>;
}

const requestId = "0b5c9a1e-2f0e-4d5c-8f39-0d5c7a3c1b11";

const statusTexts: Readonly<Record<number, StatusText>> = {
  200: { name: null, description: "As asked." },
  400: {
    name: null,
    description: "The request is bad, or what it asks for cannot be done as things are. Not repeated as it stands.",
  },
  401: {
    name: "Unauthenticated",
    description: "No token, or one that is not valid (any more).",
    examples: {
      noCredentials: refusals.noCredentials().answer.body,
      badAuthorization: refusals.badAuthorization().answer.body,
      invalidToken: refusals.badToken("Token is invalid").answer.body,
      expiredToken: refusals.badToken("Token is expired").answer.body,
    },
  },
  403: {
    name: "Forbidden",
    description: "Signed in, but neither manager nor above; also for an id that does not exist.",
    examples: { forbidden: refusals.forbidden().answer.body },
  },
  404: {
    name: "NotFound",
    description: "No such object in the firm, no such page, or another format than JSON was asked for.",
    examples: { notFound: refusals.notFound().answer.body, invalidPage: { detail: "Invalid page." } },
  },
  405: {
    name: "MethodNotAllowed",
    description: "Another method; the header Allow has those there are.",
    examples: { get: refusals.methodNotAllowed("GET").answer.body },
  },
  406: {
    name: "NotAcceptable",
    description: "The header Accept has no JSON.",
    examples: { notAcceptable: refusals.notAcceptable().answer.body },
  },
  409: { name: null, description: "The same is being done already; the answer names what does it." },
  413: {
    name: "BodyTooLarge",
    description: "The body has more than 100 kB.",
    examples: { bodyTooLarge: refusals.bodyTooLarge().answer.body },
  },
  415: {
    name: "UnsupportedMediaType",
    description: "A body of another content type.",
    examples: { text: refusals.unsupportedMediaType("text/plain").answer.body },
  },
  422: {
    name: "IdempotencyKeyReused",
    description: "The Idempotency-Key stands for a request with another body.",
    examples: { keyReused: bodyOf("BAD_USER_INPUT IDEMPOTENCY_KEY_REUSED") },
  },
  424: {
    name: null,
    description:
      "Done as asked, without success at the provider: the run failed, was cancelled or is held, or its next retry lies beyond the wait.",
  },
  429: {
    name: "Throttled",
    description: "Too many deeds a minute, or a replay before the provider may be asked again.",
    examples: { throttled: throttled(42).body },
  },
  500: { name: "ServerError", description: "Our own fault.", examples: { serverError: serverError(requestId).body } },
  503: {
    name: "Unavailable",
    description: "The database cannot be reached, or the server is stopping.",
    examples: { unavailable: unavailable(2).body },
  },
};

function bodyOf(error: string): unknown {
  const context: ErrorContext = { message: "", extensions: {}, requestId, retryAfterSeconds: 2 };
  return graphqlErrors[error]?.(context).body;
}

const text = { type: "string" };

export const headerComponents = {
  Allow: { description: "The methods of this path.", schema: text },
  Location: { description: "Of a run that goes on: where to ask how it stands.", schema: { ...text, format: "uri" } },
  "Preference-Applied": { description: "With `Prefer: respond-async`.", schema: { const: "respond-async" } },
  "Retry-After": { description: "Seconds until it is worth asking again.", schema: { type: "integer", minimum: 1 } },
  "WWW-Authenticate": { required: true, schema: { const: 'Bearer realm="api"' } },
  "X-Request-Id": {
    description: "The client's own, if it is a sane one; the log has it as well.",
    required: true,
    schema: text,
  },
} as const;

type HeaderName = keyof typeof headerComponents;

/** Of one status of an action or of a read. */
function headersOf(status: number, isAction: boolean): Record<string, unknown> {
  const names: HeaderName[] = ["Allow", "X-Request-Id"];
  if (status === 401) names.push("WWW-Authenticate");
  if (status === 429 || status === 503) names.push("Retry-After");
  if (isAction && status === 200) names.push("Location", "Preference-Applied", "Retry-After");
  if (isAction && status === 424) names.push("Preference-Applied");
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function responseOf(status: number, schema: JsonSchema, isAction: boolean): object {
  const { description, examples } = textOf(status);
  const named = Object.entries(examples ?? {}).map(([name, value]) => [name, { value }]);
  const shown = named.length > 0 ? { examples: Object.fromEntries(named) as object } : {};
  return {
    description,
    headers: headersOf(status, isAction),
    content: { "application/json": { schema, ...shown } },
  };
}

/** A document's responses: those of a form that routes share stand among its components, once. */
export class Responses {
  readonly components: Record<string, object> = {};

  /** A route's response for one status, or the reference to it. @throws Error for a status that has no text here */
  of(status: number, schema: JsonSchema, isAction: boolean): object {
    const { name } = textOf(status);
    const response = responseOf(status, schema, isAction);
    if (name === null) return response;
    this.components[name] ??= response;
    const isShared = JSON.stringify(this.components[name]) === JSON.stringify(response);
    return isShared ? { $ref: `#/components/responses/${name}` } : response;
  }
}

function textOf(status: number): StatusText {
  const found = statusTexts[status];
  if (!found) throw new Error(`What ${status} means on a REST route is not described`);
  return found;
}
