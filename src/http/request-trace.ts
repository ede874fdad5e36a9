import { randomUUID } from "node:crypto";
import type { RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Actor } from "../access/actor.js";

/** What is known of a request, filled in on its way, and written as its one log line. */
export interface RequestTrace {
  readonly requestId: string;
  actor: Actor | null;
  /** The GraphQL operation's name, which the client has chosen. */
  operation: string | null;
  /** The root fields that it runs: names of the schema. */
  readonly rootFields: string[];
  /** Codes of the errors it was answered with. */
  readonly codes: string[];
}

export function traceOf(response: Response): RequestTrace {
  return (response.locals as { trace: RequestTrace }).trace;
}

const saneId = /^[\w.:-]{1,100}$/;

/** Gives each request its id (the client's own, if it is a sane one), and writes a log line when it is over. */
export function traceRequests(log: Logger): RequestHandler {
  return (request, response, next) => {
    const asked = request.get("x-request-id") ?? "";
    const requestId = saneId.test(asked) ? asked : randomUUID();
    const trace: RequestTrace = { requestId, actor: null, operation: null, rootFields: [], codes: [] };
    response.locals["trace"] = trace;
    response.setHeader("X-Request-Id", requestId);
    const start = performance.now();
    const { method, path } = request;
    response.once("close", () => {
      logRequest(log, response, { method, path, ms: Math.round(performance.now() - start) });
    });
    next();
  };
}

function logRequest(log: Logger, response: Response, line: { method: string; path: string; ms: number }): void {
  const { requestId, actor, operation, codes } = traceOf(response);
  const isProbe = ["/healthz", "/readyz", "/metrics"].includes(line.path);
  log[isProbe ? "debug" : "info"](
    {
      requestId,
      ...line,
      path: line.path.slice(0, 200),
      status: response.statusCode,
      isComplete: response.writableFinished,
      ...(actor ? { firmId: actor.firmId, userId: actor.userId } : {}),
      ...(operation === null ? {} : { operation }),
      ...(codes.length > 0 ? { codes } : {}),
    },
    "request",
  );
}
