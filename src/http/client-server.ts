import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";

/** How long a client may take, in milliseconds. Who takes longer loses the connection. */
export interface ClientTimeouts {
  /** Until its headers have come, from its first byte or, where none comes, from connecting. */
  headersMs: number;
  /** Until its whole request has come, likewise. */
  requestMs: number;
  /** From its headers until it has taken the last byte of the answer: what we wait for on its behalf is in it. */
  answerMs: number;
}

/** An answer may wait 25 s for a run, and 9 MB of it travel over a slow network. */
export const clientTimeouts: ClientTimeouts = { headersMs: 10_000, requestMs: 30_000, answerMs: 120_000 };

/** Node looks for overdue requests that often: by default only every 30 s, whatever the limits are. */
const lookEveryMs = 1000;

/**
 * An HTTP server that no client holds up: each connection ends when its client is too slow in asking (408 where there is nobody
 * to confuse by it) or in reading. `maxHeaderSize` in bytes.
 */
export function createClientServer(
  { timeouts, maxHeaderSize }: { timeouts: ClientTimeouts; maxHeaderSize?: number },
  listener: RequestListener,
): Server {
  const { headersMs, requestMs, answerMs } = timeouts;
  const options = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(lookEveryMs, headersMs),
    ...(maxHeaderSize === undefined ? {} : { maxHeaderSize }),
  };
  return createServer(options, (request, response) => {
    endWhenOverdue(response, answerMs);
    listener(request, response);
  });
}

/** Also a client that takes a byte now and then: that looks like progress to a limit of idleness. */
function endWhenOverdue(response: ServerResponse, answerMs: number): void {
  const overdue = setTimeout(() => response.destroy(), answerMs);
  overdue.unref();
  response.once("close", () => {
    clearTimeout(overdue);
  });
}
