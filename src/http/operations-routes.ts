import type { RequestHandler } from "express";
import { isFromLoopback } from "./loopback.js";
import type { Scrape } from "./operations-server.js";
import { readiness, type Readiness } from "./probes.js";

/** GET /readyz */
export function tellReadiness(asked: Readiness): RequestHandler {
  return async (_request, response) => {
    const { status, body } = await readiness(asked);
    response.status(status).json(body);
  };
}

/** GET /metrics on the port that clients use: to others than this machine there is no such path. */
export function tellMetrics(scrape: Scrape): RequestHandler {
  return async (request, response, next) => {
    if (!isFromLoopback(request)) {
      next();
      return;
    }
    response.setHeader("Cache-Control", "no-store");
    response.type(scrape.contentType).send(await scrape.text());
  };
}
