import type { GraphQLFormattedError } from "graphql";
import { refusals, serverError, throttled, unavailable } from "./refusals.js";
import type { Answer } from "./answer.js";
import { optionalId } from "./json-values.js";

/** What an answer is made of: the error, and what the request is known by. */
export interface ErrorContext {
  message: string;
  extensions: Readonly<Record<string, unknown>>;
  requestId: string;
  retryAfterSeconds: number;
}

const asProblem =
  (status: number) =>
  ({ message }: ErrorContext): Answer => ({ status, body: { error: message } });

const problem = (status: number, error: string) => (): Answer => ({ status, body: { error } });

const byArgument =
  (argument: string, field: string) =>
  ({ message }: ErrorContext): Answer => ({ status: 400, body: { [field]: [message.replace(argument, field)] } });

/** Another run is in the way, which is named. */
function activeRun({ message, extensions }: ErrorContext): Answer {
  return { status: 409, body: { error: message, correlation_id: extensions["correlationId"] } };
}

/** What each error of GraphQL is here: by its code and reason, by its code and argument, or by its code. */
export const graphqlErrors: Readonly<Record<string, (error: ErrorContext) => Answer>> = {
  NOT_FOUND: () => refusals.notFound().answer,
  FORBIDDEN: () => refusals.forbidden().answer,
  BAD_USER_INPUT: asProblem(400),
  "BAD_USER_INPUT startDate": byArgument("startDate", "start_date"),
  "BAD_USER_INPUT endDate": byArgument("endDate", "end_date"),
  "BAD_USER_INPUT idempotencyKey": problem(400, "Idempotency-Key must have 1 to 255 visible ASCII characters"),
  "BAD_USER_INPUT CONNECTION_REVOKED": asProblem(400),
  "BAD_USER_INPUT CONNECTION_PAUSED": asProblem(400),
  "BAD_USER_INPUT NOT_SYNCED": asProblem(400),
  "BAD_USER_INPUT NO_EXTERNAL_ID": asProblem(400),
  "BAD_USER_INPUT IDEMPOTENCY_KEY_REUSED": problem(422, "Idempotency-Key was used with another body"),
  "CONFLICT IDEMPOTENCY_KEY_IN_FLIGHT": problem(409, "A request with this Idempotency-Key is in flight"),
  "CONFLICT REPLAY_ACTIVE": ({ message, extensions }) => ({
    status: 409,
    body: {
      error: message,
      latest_attempt_id: optionalId(text(extensions["latestAttemptId"])),
      correlation_id: extensions["correlationId"],
    },
  }),
  "CONFLICT RESYNC_ACTIVE": activeRun,
  "CONFLICT PUSH_ACTIVE": activeRun,
  "NOT_REPLAYABLE SUCCEEDED": asProblem(400),
  "NOT_REPLAYABLE NON_RETRYABLE": ({ message, extensions }) => ({
    status: 400,
    body: { error: message, error_summary: text(extensions["errorSummary"]) },
  }),
  "NOT_REPLAYABLE RESOLVED": ({ message, extensions }) => ({
    status: 400,
    body: { error: message, resolved_by: optionalId(text(extensions["resolvedBy"])) },
  }),
  RATE_LIMITED: ({ extensions }) => throttled((Date.parse(String(extensions["retryAt"])) - Date.now()) / 1000),
  UNAVAILABLE: ({ retryAfterSeconds }) => unavailable(retryAfterSeconds),
  INTERNAL_SERVER_ERROR: ({ requestId }) => serverError(requestId),
};

const table = new Map(Object.entries(graphqlErrors));

/** The answer for the error that an operation failed with; null for one that no request of these routes should cause. */
export function answerOf(
  { message, extensions = {} }: GraphQLFormattedError,
  request: Pick<ErrorContext, "requestId" | "retryAfterSeconds">,
): Answer | null {
  const code = String(extensions["code"]);
  const detail = text(extensions["reason"]) ?? text(extensions["argument"]) ?? "";
  const answer = table.get(`${code} ${detail}`) ?? table.get(code);
  return answer?.({ message, extensions, ...request }) ?? null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
