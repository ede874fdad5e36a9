import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { AppError } from "../errors.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import { refusedArgument } from "./refused-argument.js";

/** Codes of requests that were refused before anything was executed, by what Apollo calls them. */
const requestCodes: Readonly<Record<string, string>> = {
  GRAPHQL_PARSE_FAILED: "GRAPHQL_PARSE_FAILED",
  GRAPHQL_VALIDATION_FAILED: "GRAPHQL_VALIDATION_FAILED",
  OPERATION_RESOLUTION_FAILURE: "GRAPHQL_VALIDATION_FAILED",
  QUERY_TOO_COMPLEX: "QUERY_TOO_COMPLEX",
  BAD_USER_INPUT: "BAD_USER_INPUT",
  BAD_REQUEST: "BAD_USER_INPUT",
  PERSISTED_QUERY_NOT_FOUND: "BAD_USER_INPUT",
  PERSISTED_QUERY_NOT_SUPPORTED: "BAD_USER_INPUT",
};

/** What the client is told of an error: a code, and nothing of what the server is made of. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { message, extensions } = explain(formatted, error);
  return {
    message,
    ...(formatted.locations ? { locations: formatted.locations } : {}),
    ...(formatted.path ? { path: formatted.path } : {}),
    extensions,
  };
}

interface Explanation {
  message: string;
  extensions: Record<string, unknown>;
}

function explain(formatted: GraphQLFormattedError, error: unknown): Explanation {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof AppError) {
    return { message: original.message, extensions: { code: original.code, ...original.details } };
  }
  const refused = error instanceof GraphQLError ? refusedArgument(error) : null;
  if (refused?.argument != null) {
    return { message: formatted.message, extensions: { code: "BAD_USER_INPUT", argument: refused.argument } };
  }
  if (isDatabaseUnavailable(original)) {
    return { message: "Service temporarily unavailable.", extensions: { code: "UNAVAILABLE" } };
  }
  const code = formatted.path ? undefined : requestCodes[String(formatted.extensions?.["code"])];
  if (code !== undefined) return { message: formatted.message, extensions: { code } };
  return { message: "Internal server error.", extensions: { code: "INTERNAL_SERVER_ERROR", ...requestIdOf(error) } };
}

/** Put there by the request's report of the error, which has it in the log as well. */
function requestIdOf(error: unknown): { requestId?: unknown } {
  const requestId = error instanceof GraphQLError ? error.extensions["requestId"] : undefined;
  return requestId === undefined ? {} : { requestId };
}

/** The code that the client is given for an error. */
export function codeOf(error: GraphQLError): unknown {
  return formatError(error.toJSON(), error).extensions?.["code"];
}
