import express, { type Request, type RequestHandler, type Response } from "express";
import { answerError } from "../http/answer-error.js";
import type { Metrics } from "../metrics/metrics.js";
import type { CalendarProvider, ProviderName } from "../providers/provider.js";
import { receiveMessages, type NotificationContext, type NotificationOutcome } from "./receive-notification.js";

export interface NotificationRouteParts extends NotificationContext {
  /** Those whose notifications are received. */
  providers: ReadonlyMap<ProviderName, CalendarProvider>;
  /** Absent: nothing is counted. */
  metrics?: Metrics;
}

/** Graph tells several changes at once; each needs less than a kilobyte. */
const bodyLimit = "128kb";
/** Longer than any token that a provider has us repeat. */
const longestToken = 1024;

/**
 * Where providers send notifications, below /notifications: nobody is signed in, a secret says for which connection they are. What is
 * recognized is answered 2xx whatever becomes of it, so that no provider sends it again; what is not, 400 or 403.
 */
export function notificationRoutes(parts: NotificationRouteParts): RequestHandler {
  const router = express.Router({ caseSensitive: true, strict: true });
  const readBody = express.json({ limit: bodyLimit, inflate: false });
  router.post("/google", receive(parts, "GOOGLE"));
  router.post(["/microsoft", "/microsoft/lifecycle"], repeatToken, readBody, receive(parts, "MICROSOFT"));
  router.all(["/google", "/microsoft", "/microsoft/lifecycle"], (_request, response) => {
    response.setHeader("Allow", "POST");
    answerError(response, { status: 405, code: "BAD_USER_INPUT", message: "Use POST." });
  });
  return router;
}

/**
 * Before it makes a subscription, Graph asks the address to repeat a token, as plain text. No browser takes the answer for a page, and what
 * would be markup in one is escaped all the same; Graph's own tokens have none.
 */
function repeatToken({ originalUrl }: Request, response: Response, next: () => void): void {
  const query = originalUrl.includes("?") ? originalUrl.slice(originalUrl.indexOf("?")) : "";
  const tokens = new URLSearchParams(query).getAll("validationToken");
  const [token = ""] = tokens;
  if (tokens.length === 0) next();
  else if (tokens.length > 1 || token === "" || token.length > longestToken) refuse(response);
  else response.status(200).type("text/plain").send(escaped(token));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

function receive(parts: NotificationRouteParts, name: ProviderName): RequestHandler {
  return async (request, response) => {
    const header = (field: string) => request.get(field);
    const messages = parts.providers.get(name)?.readNotification({ header, body: request.body as unknown }) ?? null;
    if (messages === null) {
      refuse(response);
      return;
    }
    const outcomes = await receiveMessages(parts, name, messages);
    for (const outcome of outcomes) parts.metrics?.notifications.inc({ provider: name, outcome });
    answer(response, outcomes);
  };
}

/** Among true ones a forged one changes nothing: the others must not come again. */
function answer(response: Response, outcomes: readonly NotificationOutcome[]): void {
  if (outcomes.some((outcome) => outcome !== "FORGED")) response.status(202).end();
  else answerError(response, { status: 403, code: "FORBIDDEN", message: "This is no notification of ours." });
}

function refuse(response: Response): void {
  answerError(response, { status: 400, code: "BAD_USER_INPUT", message: "This is no notification." });
}
