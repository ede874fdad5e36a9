import type { Request, RequestHandler, Response } from "express";
import type { GraphQLFormattedError } from "graphql";
import type { Logger } from "pino";
import { isManager } from "../access/actor.js";
import { TooManyMutationsError, type MutationLimit } from "../access/mutation-limit.js";
import type { VerifyToken } from "../access/token.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import { AppError } from "../errors.js";
import { retryAfterSeconds } from "../http/answer-error.js";
import { traceOf } from "../http/request-trace.js";
import { Refusal, type Answer } from "./answer.js";
import { authenticated } from "./authentication.js";
import { splitQuery } from "./links.js";
import { assertTakesJson } from "./negotiation.js";
import { describe } from "./options.js";
import { refusals, serverError, throttled, unavailable } from "./refusals.js";
import { allowedMethods, findResource, isAction, resourcesOf, routeOf, type Found } from "./resources.js";
import { RouteRequest } from "./route-request.js";
import { prefix, routes } from "./routes.js";
import { sendAnswer } from "./send-answer.js";

/** What a GraphQL operation answers. */
export interface OperationResult {
  data: object | null;
  errors: readonly GraphQLFormattedError[];
}

export interface RestParts {
  verifyToken: VerifyToken;
  mutationLimit: MutationLimit;
  /** Runs a GraphQL document for the response's actor, bound to the actor's firm, as POST /graphql does, but counts no mutation. */
  runOperation(response: Response, document: string, variables: object): Promise<OperationResult>;
  /** The server's address as clients know it, without a slash at its end. */
  baseUrlOf(request: Request): string;
  log: Logger;
}

/** Whether a request is for these routes: its path begins with their prefix, whose last slash may be missing. */
export function isBelowPrefix({ path }: Request): boolean {
  return `${path}/`.startsWith(prefix);
}

/** Answers everything below the prefix, always with JSON. The checks come in the order of Django REST Framework. */
export function restRoutes(parts: RestParts): RequestHandler {
  const resources = resourcesOf(routes);
  return async (request, response) => {
    response.vary("Accept");
    try {
      const found = findResource(resources, request.path.slice(prefix.length));
      if (!found) throw refusals.notFound();
      response.setHeader("Allow", allowedMethods(found.resource));
      sendAnswer(response, await answer(parts, request, response, found));
    } catch (error) {
      sendAnswer(response, answerOfFault(parts, response, error));
    }
  };
}

/** To one of these routes' clients, once the server is stopping. */
export function refuseWhileStopping(response: Response): void {
  traceOf(response).codes.push("UNAVAILABLE");
  sendAnswer(response, unavailable(retryAfterSeconds));
}

async function answer(parts: RestParts, request: Request, response: Response, found: Found): Promise<Answer> {
  const parameters: ReadonlyMap<string, string> = new Map(new URLSearchParams(splitQuery(request.url)[1]));
  assertTakesJson(found.suffix ?? parameters.get("format") ?? null, request.get("accept"));
  const actor = await authenticated(request.get("authorization"), parts.verifyToken);
  traceOf(response).actor = actor;
  if (!isManager(actor)) throw refusals.forbidden();
  if (isAction(found.resource)) await parts.mutationLimit.consume(actor, 1);
  if (request.method === "OPTIONS") return describe(found.resource);
  const route = routeOf(found.resource, request.method);
  if (!route) throw refusals.methodNotAllowed(request.method);
  return new RouteRequest({ parts, request, response, route, id: found.id, parameters }).answer();
}

function answerOfFault({ log }: RestParts, response: Response, error: unknown): Answer {
  const { codes, requestId } = traceOf(response);
  if (error instanceof Refusal) {
    if (!codes.includes(error.code)) codes.push(error.code);
    return error.answer;
  }
  if ((error instanceof AppError && error.code === "UNAVAILABLE") || isDatabaseUnavailable(error)) {
    codes.push("UNAVAILABLE");
    return unavailable(retryAfterSeconds);
  }
  if (error instanceof TooManyMutationsError) {
    codes.push(error.code);
    return throttled(error.retryAfterSeconds);
  }
  codes.push("INTERNAL_SERVER_ERROR");
  log.error({ err: error, requestId }, "request failed");
  return serverError(requestId);
}
