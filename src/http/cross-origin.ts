import cors from "cors";
import type { Request, RequestHandler } from "express";

/**
 * Lets pages of these origins ask, with the headers that the API reads, and read the headers that it answers with. A preflight
 * is answered before anybody signs in: browsers send no token with it. Pages of other origins get no permission. `keepsCookies` tells of
 * which paths an answer's cookies are kept by a page that asks for that, with credentials; they sign nobody in.
 */
export function crossOrigin(
  origins: readonly string[],
  keepsCookies: (request: Request) => boolean = () => false,
): RequestHandler {
  const [plain, withCookies] = [allowing(origins, false), allowing(origins, true)];
  const allowed = new Set(origins);
  return (request, response, next) => {
    if (allowed.size === 0) {
      next();
      return;
    }
    response.vary("Origin");
    const isPreflight = request.method === "OPTIONS" && request.get("access-control-request-method") !== undefined;
    const allow = keepsCookies(request) ? withCookies : plain;
    if (!allowed.has(request.get("origin") ?? "")) next();
    else if (request.method !== "OPTIONS" || isPreflight) allow(request, response, next);
    else next();
  };
}

function allowing(origins: readonly string[], credentials: boolean): RequestHandler {
  return cors({
    credentials,
    origin: [...origins],
    methods: ["GET", "HEAD", "POST"],
    allowedHeaders: ["Authorization", "Content-Type", "Prefer", "Idempotency-Key", "X-Request-Id"],
    exposedHeaders: ["Location", "Retry-After", "X-Request-Id"],
    maxAge: 600,
  });
}
