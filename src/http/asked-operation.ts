import type { Request, Response } from "express";
import { traceOf } from "./request-trace.js";

/** What a request has asked for, in words of ours alone: metrics and traces are grouped by it. */
export interface AskedOperation {
  api: "graphql" | "rest" | "probe" | "OTHER";
  /** A root field of the schema, a route of the table, a probe; "several" root fields, "introspection" or "none". */
  operation: string;
}

/** No operation was run: nobody was signed in, the document was refused, or the path leads nowhere. */
export const noOperation = "none";

/** Tells it when the answer is there: a GraphQL document is read late. Called when the request comes. */
export type AskedOperationOf = (request: Request) => (response: Response) => AskedOperation;

/** `restRouteOf` names a route of the table; null for a path that is not below its prefix. */
export function askedOperations(restRouteOf: (request: Request) => string | null): AskedOperationOf {
  return (request) => {
    const path = request.path.toLowerCase().replace(/\/$/, "");
    const restRoute = restRouteOf(request);
    return (response) => {
      if (restRoute !== null) return { api: "rest", operation: restRoute };
      if (path === "/graphql") return { api: "graphql", operation: graphqlOperation(traceOf(response).rootFields) };
      return probes.has(path) ? { api: "probe", operation: path.slice(1) } : { api: "OTHER", operation: noOperation };
    };
  };
}

const probes: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** Of several root fields, in any mixture, none is named: there would be as many names as mixtures. */
export function graphqlOperation(rootFields: readonly string[]): string {
  const named = rootFields.filter((name) => !name.startsWith("__"));
  if (named.length > 1) return "several";
  return named[0] ?? (rootFields.length > 0 ? "introspection" : noOperation);
}
