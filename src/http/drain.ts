import type { Server } from "node:http";
import type { RequestHandler, Response } from "express";
import { failpoint } from "../failpoints.js";
import { answerError } from "./answer-error.js";

const longestDrainMs = 8000;
const lookEveryMs = 20;

/** Ends a server without breaking off what it is answering. */
export class Drain {
  #isStopping = false;
  #inFlight = 0;

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /**
   * Counts what is being answered; refuses what comes once the server is stopping: another one may take it. `refuse` answers in
   * the form that the route's clients know.
   */
  admit(refuse: (response: Response) => void = refuseAsGraphql): RequestHandler {
    return (_request, response, next) => {
      if (this.#isStopping) {
        response.setHeader("Connection", "close");
        refuse(response);
        return;
      }
      this.#inFlight += 1;
      response.once("close", () => (this.#inFlight -= 1));
      next();
    };
  }

  /** Goes on listening, to say that it stops, until everything in flight is answered; then closes. Takes at most 8 seconds. */
  async stop(server: Server): Promise<void> {
    this.#isStopping = true;
    await failpoint("stop.draining");
    const deadline = performance.now() + longestDrainMs;
    while (this.#inFlight > 0 && performance.now() < deadline) await pause(lookEveryMs);
    const closed = new Promise((resolve) => server.close(resolve));
    const idle = setInterval(() => {
      server.closeIdleConnections(); // those that had a last answer to send
    }, lookEveryMs);
    const overdue = setTimeout(
      () => {
        server.closeAllConnections();
      },
      Math.max(deadline - performance.now(), 0),
    );
    await closed;
    clearInterval(idle);
    clearTimeout(overdue);
  }
}

function refuseAsGraphql(response: Response): void {
  answerError(response, { status: 503, code: "UNAVAILABLE", message: "The server is stopping." });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
