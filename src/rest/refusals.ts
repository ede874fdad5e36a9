import { z } from "zod";
import { Refusal, type Answer } from "./answer.js";
import { idSchema } from "./json-values.js";

/** What a request may be refused with, by name: the answers that Django REST Framework gives. */
export const refusals = {
  notFound: () => refusal("NOT_FOUND", 404, { detail: "Not found." }),
  notAcceptable: () => refusal("NOT_ACCEPTABLE", 406, { detail: "Could not satisfy the request Accept header." }),
  noCredentials: () => unauthenticated({ detail: "Authentication credentials were not provided." }),
  badAuthorization: () =>
    unauthenticated({
      detail: "Authorization header must contain two space-delimited values",
      code: "bad_authorization_header",
    }),
  badToken: (message: "Token is invalid" | "Token is expired") =>
    unauthenticated({
      detail: "Given token not valid for any token type",
      code: "token_not_valid",
      messages: [{ token_class: "AccessToken", token_type: "access", message }],
    }),
  forbidden: () => refusal("FORBIDDEN", 403, { detail: "You do not have permission to perform this action." }),
  methodNotAllowed: (method: string) =>
    refusal("METHOD_NOT_ALLOWED", 405, { detail: `Method "${method}" not allowed.` }),
  bodyTooLarge: () => refusal("BAD_USER_INPUT", 413, { detail: "Request body too large." }),
  unsupportedMediaType: (type: string) =>
    refusal("BAD_USER_INPUT", 415, { detail: `Unsupported media type "${type}" in request.` }),
  unreadableBody: (reason: string) => refusal("BAD_USER_INPUT", 400, { detail: reason }),
  noDictionary: (type: string) =>
    refusal("BAD_USER_INPUT", 400, {
      non_field_errors: [`Invalid data. Expected a dictionary, but got ${type}.`],
    }),
  badFields: (faults: Readonly<Record<string, string[]>>) => refusal("BAD_USER_INPUT", 400, faults),
} satisfies Record<string, (...values: never[]) => Refusal>;

function refusal(code: string, status: number, body: object): Refusal {
  return new Refusal(code, { status, body });
}

function unauthenticated(body: object): Refusal {
  const headers = { "WWW-Authenticate": 'Bearer realm="api"' };
  return new Refusal("UNAUTHENTICATED", { status: 401, body, headers });
}

/** Too much was asked; `seconds` until it may be asked again, at least one. */
export function throttled(seconds: number): Answer {
  const wait = Math.max(1, Math.ceil(seconds));
  return {
    status: 429,
    body: { detail: `Request was throttled. Expected available in ${wait} seconds.` },
    headers: { "Retry-After": wait },
  };
}

/** The database or the token issuer's key set cannot be asked, or the server is stopping. */
export function unavailable(retryAfterSeconds: number): Answer {
  return {
    status: 503,
    body: { detail: "Service temporarily unavailable." },
    headers: { "Retry-After": retryAfterSeconds },
  };
}

/** Our own fault; the log has the id as well. */
export function serverError(requestId: string): Answer {
  return { status: 500, body: { detail: "A server error occurred.", request_id: requestId } };
}

const detailSchema = z.strictObject({ detail: z.string() }).meta({ id: "Detail" });

/** What is wrong with each of these fields; not empty. */
function fieldErrors(...names: string[]) {
  const faults = z.array(z.string()).min(1).optional();
  return z.strictObject(Object.fromEntries(names.map((name) => [name, faults]))).meta({ minProperties: 1 });
}

const bodyErrorsSchema = fieldErrors("non_field_errors", "start_date", "end_date").meta({
  id: "BodyErrors",
  description: "What is wrong, by field; non_field_errors is about the whole body.",
});
const pageErrorsSchema = fieldErrors("page_size").meta({ id: "PageErrors" });

const tokenRefusedSchema = z
  .strictObject({
    detail: z.string(),
    code: z.enum(["bad_authorization_header", "token_not_valid"]),
    messages: z
      .array(z.strictObject({ token_class: z.string(), token_type: z.string(), message: z.string() }))
      .optional(),
  })
  .meta({ id: "TokenRefused" });

/** What every route may answer with beside its own. */
const commonAnswers = {
  401: z.union([detailSchema, tokenRefusedSchema]),
  403: detailSchema,
  404: detailSchema,
  405: detailSchema,
  406: detailSchema,
  500: z.strictObject({ detail: z.string(), request_id: z.string() }).meta({ id: "ServerError" }),
  503: detailSchema,
} as const;

/** What a read may answer with beside its own. */
export const readAnswers = commonAnswers;

/** What a list of numbered pages may answer with beside its own. */
export const listAnswers = { ...commonAnswers, 400: pageErrorsSchema } as const;

/** A deed that cannot be done as things are. */
const problem = { error: z.string() };
const resyncActiveSchema = z
  .strictObject({ ...problem, correlation_id: z.uuid() })
  .meta({ id: "ResyncActive", description: "The resync that is active." });
const problemSchema = z.strictObject(problem).meta({ id: "Problem" });

/** What an action may answer with beside its own. */
export const actionAnswers = {
  ...commonAnswers,
  400: z.union([problemSchema, detailSchema, bodyErrorsSchema]),
  409: z.union([problemSchema, resyncActiveSchema]),
  413: detailSchema,
  415: detailSchema,
  422: problemSchema,
  429: detailSchema,
} as const;

/** What a replay may answer with beside its own. */
export const replayAnswers = {
  ...actionAnswers,
  400: z.union([
    problemSchema,
    z.strictObject({ ...problem, error_summary: z.string().nullable() }).meta({ id: "NonRetryable" }),
    z
      .strictObject({ ...problem, resolved_by: idSchema.nullable() })
      .meta({ id: "Resolved", description: "By the attempt that has resolved it; null where none is known." }),
    detailSchema,
    bodyErrorsSchema,
  ]),
  409: z.union([
    problemSchema,
    resyncActiveSchema,
    z
      .strictObject({ ...problem, latest_attempt_id: idSchema.nullable(), correlation_id: z.uuid() })
      .meta({ id: "ReplayActive", description: "The run that is replayed, and its latest attempt." }),
  ]),
} as const;
