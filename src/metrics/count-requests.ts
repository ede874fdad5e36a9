import type { Request, RequestHandler, Response } from "express";
import { traceOf } from "../http/request-trace.js";
import { apiLabels, labelOf, other, requestOutcomes, type ApiLabel } from "./labels.js";
import type { Metrics } from "./metrics.js";

/** What a request has asked for, as its labels say it. */
export interface AskedOperation {
  api: ApiLabel;
  operation: string;
}

/** No operation was run: nobody was signed in, the document was refused, or the path leads nowhere. */
export const noOperation = "none";

/** Counts each request when it is over. `restRouteOf` names a route of the table: null for a path that is not below its prefix. */
export function countRequests(metrics: Metrics, restRouteOf: (request: Request) => string | null): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const path = request.path.toLowerCase().replace(/\/$/, "");
    const restRoute = restRouteOf(request);
    response.once("close", () => {
      const { api, operation } = askedOperation(path, restRoute, response);
      metrics.requests.inc({ api, operation, outcome: outcomeOf(response) });
      metrics.requestSeconds.observe({ api, operation }, (performance.now() - startedAt) / 1000);
    });
    next();
  };
}

function askedOperation(path: string, restRoute: string | null, response: Response): AskedOperation {
  if (restRoute !== null) return { api: "rest", operation: restRoute };
  if (path === "/graphql") return { api: "graphql", operation: graphqlOperation(traceOf(response).rootFields) };
  const isProbe = path === "/healthz" || path === "/readyz" || path === "/metrics";
  return isProbe
    ? { api: "probe", operation: path.slice(1) }
    : { api: labelOf(apiLabels, other), operation: noOperation };
}

/** Of several root fields, in any mixture, none is named: there would be as many labels as mixtures. */
function graphqlOperation(rootFields: readonly string[]): string {
  const named = rootFields.filter((name) => !name.startsWith("__"));
  if (named.length > 1) return "several";
  return named[0] ?? (rootFields.length > 0 ? "introspection" : noOperation);
}

function outcomeOf(response: Response): (typeof requestOutcomes)[number] {
  if (!response.writableFinished) return "ABORTED";
  const [code] = traceOf(response).codes;
  if (code !== undefined) return labelOf(requestOutcomes, code);
  return response.statusCode < 400 ? "OK" : other;
}
