import { once } from "node:events";
import type { Request, RequestHandler, Response } from "express";
import { graphqlOperation, type AskedOperationOf } from "../http/asked-operation.js";
import { traceOf } from "../http/request-trace.js";
import { comingFrom, traceparentPattern, type Origin } from "./scope.js";
import { inSpan, isTracing } from "./span.js";

/** What a request asks for knows its request; where traces are on, it is a span of the client's trace or of a new one. */
export function spanRequests(operationOf: AskedOperationOf): RequestHandler {
  return (request, response, next) => {
    if (!isTracing()) {
      comingFrom({ requestId: traceOf(response).requestId }, next);
      return;
    }
    const asked = operationOf(request);
    void comingFrom(originOf(request, response), () =>
      inSpan("request", { kind: "SERVER" }, async (span) => {
        const closed = once(response, "close");
        next();
        await closed;
        const { api, operation } = asked(response);
        const { requestId, actor } = traceOf(response);
        span?.rename(`request ${api} ${operation}`);
        span?.note({ requestId, "http.response.status_code": response.statusCode });
        if (actor) span?.note({ firmId: actor.firmId });
        if (response.statusCode >= 500) span?.fail(String(response.statusCode));
      }),
    );
  };
}

function originOf(request: Request, response: Response): Origin {
  const { requestId } = traceOf(response);
  const traceparent = request.get("traceparent") ?? "";
  return traceparentPattern.test(traceparent) ? { requestId, traceparent } : { requestId };
}

/** A GraphQL operation, from its document to its answer. */
export function inOperationSpan<T>(response: Response, work: () => Promise<T>): Promise<T> {
  return inSpan("graphql", {}, async (span) => {
    try {
      return await work();
    } finally {
      span?.rename(`graphql ${graphqlOperation(traceOf(response).rootFields)}`);
    }
  });
}

/** The same for one that answers the request itself. */
export function spanOperation(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (!isTracing()) return handler(request, response, next);
    return inOperationSpan(response, async () => {
      const closed = once(response, "close");
      await handler(request, response, next);
      await closed;
    });
  };
}
