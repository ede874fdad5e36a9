import type { RequestHandler } from "express";
import { unauthenticated, type VerifyToken } from "../access/token.js";
import { traceOf } from "./request-trace.js";

/** Lets nobody on without a valid bearer token. Comes before the body is read: a stranger's body is worth no work. */
export function authenticate(verifyToken: VerifyToken): RequestHandler {
  return async (request, response, next) => {
    const [scheme = "", token = "", ...rest] = (request.get("authorization") ?? "").split(" ");
    if (scheme.toLowerCase() !== "bearer" || token === "" || rest.length > 0) throw unauthenticated();
    traceOf(response).actor = await verifyToken(token);
    next();
  };
}
