import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import type { GraphQLError, GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { MutationLimit } from "../access/mutation-limit.js";
import type { Context } from "../context.js";
import { retryAfterSeconds } from "../http/answer-error.js";
import type { RequestTrace } from "../http/request-trace.js";
import { codeOf, formatError } from "./format-error.js";
import { limitMutations } from "./limit-mutations.js";
import { limitQueries } from "./limit-queries.js";
import { servedOperations } from "./served-operations.js";

/** A request's context, with what its log line will say. */
export interface RequestContext extends Context {
  trace: RequestTrace;
  /** Whether the request has been counted as a mutation before it came here; then it is not counted again. */
  isMutationCounted: boolean;
}

/** Tokens of a document, before it is even parsed whole. */
const mostTokens = 2000;

export interface ApolloParts {
  introspection: boolean;
  mutationLimit: MutationLimit;
  log: Logger;
}

export function createApollo(
  schema: GraphQLSchema,
  { introspection, mutationLimit, log }: ApolloParts,
): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    schema,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    formatError,
    validationRules: [servedOperations],
    parseOptions: { maxLexicalTokens: mostTokens },
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // we drain first: see http/drain.ts
    logger: log,
    // Cache control wraps every field and costs a tenth of a request.
    plugins: [ApolloServerPluginCacheControlDisabled(), traceOperations, limitQueries, limitMutations(mutationLimit)],
  });
}

/** Notes a request's operation and errors, logs what the client is not told, and turns an unavailable database into a 503. */
const traceOperations: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didEncounterErrors({ errors, contextValue }) {
        errors.forEach((error) => {
          logUntold(error, contextValue);
        });
        return Promise.resolve();
      },
      willSendResponse({ response, contextValue, operationName }) {
        contextValue.trace.operation = operationName ?? null;
        if (response.body.kind !== "single") return Promise.resolve();
        const codes = (response.body.singleResult.errors ?? []).map((error) => String(error.extensions?.["code"]));
        contextValue.trace.codes.push(...new Set(codes));
        if (codes.includes("UNAVAILABLE")) {
          response.http.status = 503;
          response.http.headers.set("retry-after", String(retryAfterSeconds));
        }
        return Promise.resolve();
      },
    }),
};

/** Logs what the client is told only that it happened. */
function logUntold(error: GraphQLError, { log, requestId }: RequestContext): void {
  const code = codeOf(error);
  const line = { err: error.originalError ?? error, path: error.path?.join(".") };
  if (code === "UNAVAILABLE") log.warn(line, "operation cannot be answered now");
  if (code !== "INTERNAL_SERVER_ERROR") return;
  error.extensions["requestId"] = requestId;
  log.error(line, "operation failed");
}
