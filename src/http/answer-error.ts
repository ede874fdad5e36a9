import type { ErrorRequestHandler, Response } from "express";
import type { Logger } from "pino";
import { isDatabaseUnavailable } from "../database/availability.js";
import { AppError } from "../errors.js";
import { traceOf } from "./request-trace.js";

/** Seconds after which a client may ask again while the server cannot answer. */
export const retryAfterSeconds = 2;

interface Answer {
  status: number;
  code: string;
  message: string;
}

/** Answers as GraphQL does, with nothing of what the server is made of. */
export function answerError(response: Response, { status, code, message }: Answer, extensions: object = {}): void {
  traceOf(response).codes.push(code);
  if (status === 401) response.setHeader("WWW-Authenticate", 'Bearer realm="api"');
  if (status === 503) response.setHeader("Retry-After", retryAfterSeconds);
  response.status(status).json({ errors: [{ message, extensions: { code, ...extensions } }] });
}

/** The last handler: what went wrong outside GraphQL is answered as JSON, and logged where it is our own fault. */
export function handleError(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const answer = answerFor(error);
    const { requestId } = traceOf(response);
    if (answer.status === 500) log.error({ err: error, requestId }, "request failed");
    if (response.headersSent) next(error);
    else answerError(response, answer, answer.status === 500 ? { requestId } : {});
  };
}

function answerFor(error: unknown): Answer {
  if (error instanceof AppError && error.code === "UNAUTHENTICATED") {
    return { status: 401, code: error.code, message: error.message };
  }
  if ((error instanceof AppError && error.code === "UNAVAILABLE") || isDatabaseUnavailable(error)) {
    return { status: 503, code: "UNAVAILABLE", message: "Service temporarily unavailable." };
  }
  const status = clientErrorStatus(error);
  if (status === 413) return { status, code: "BAD_USER_INPUT", message: "Request body too large." };
  if (status !== null) return { status, code: "BAD_USER_INPUT", message: "The request body cannot be read." };
  return { status: 500, code: "INTERNAL_SERVER_ERROR", message: "Internal server error." };
}

/** Express and its body parser say with a status that the request is at fault. */
function clientErrorStatus(error: unknown): number | null {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : null;
  return typeof status === "number" && status >= 400 && status < 500 ? status : null;
}
