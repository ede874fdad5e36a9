import type { RequestHandler, Response } from "express";
import type { AskedOperationOf } from "../http/asked-operation.js";
import { traceOf } from "../http/request-trace.js";
import { labelOf, other, requestOutcomes } from "./labels.js";
import type { Metrics } from "./metrics.js";

/** Counts each request when it is over. */
export function countRequests(metrics: Metrics, operationOf: AskedOperationOf): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const asked = operationOf(request);
    response.once("close", () => {
      const { api, operation } = asked(response);
      metrics.requests.inc({ api, operation, outcome: outcomeOf(response) });
      metrics.requestSeconds.observe({ api, operation }, (performance.now() - startedAt) / 1000);
    });
    next();
  };
}

function outcomeOf(response: Response): (typeof requestOutcomes)[number] {
  if (!response.writableFinished) return "ABORTED";
  const [code] = traceOf(response).codes;
  if (code !== undefined) return labelOf(requestOutcomes, code);
  return response.statusCode < 400 ? "OK" : other;
}
