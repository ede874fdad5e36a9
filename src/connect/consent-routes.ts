import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { isDatabaseUnavailable } from "../database/availability.js";
import { retryAfterSeconds } from "../http/answer-error.js";
import { traceOf } from "../http/request-trace.js";
import { parseId } from "../id.js";
import { choiceOf, chooseCalendar, type Choice, type ChosenCalendar } from "./choose-calendar.js";
import type { ConsentContext } from "./connecting.js";
import { endedConsentCookie } from "./consent-cookie.js";
import { finishConsent } from "./finish-consent.js";
import { pagePolicy } from "./html.js";
import { choicePage, connectedPage, hasFreeCalendar, refusalPage } from "./pages.js";
import { ConsentRefusedError, refusals, type RefusalCode } from "./refusals.js";
import { chosenIn, consentAnswerIn, singleParameter } from "./request-parameters.js";

export interface ConsentRouteParts {
  /** With a logger of its own for each request. */
  contextOf: (response: Response) => ConsentContext;
  /** Where the browser reaches this server; its path is the cookie's. */
  baseUrlOf: (request: Request) => string;
}

/** More than the ids of a consent and of a calendar need. */
const bodyLimit = "16kb";

/**
 * What a browser sees while a calendar is connected, below /oauth: `callback`, to which the provider sends it back; `choice`, the account's
 * calendars; `connected`. Always HTML, without script; nothing of it may be kept or told to the next page.
 */
export function consentRoutes(parts: ConsentRouteParts): RequestHandler {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(privately);
  router.get("/callback", onlyGet, finish(parts));
  router.get("/choice", onlyGet, showChoice(parts));
  const readForm = express.urlencoded({ extended: false, limit: bodyLimit, inflate: false, parameterLimit: 10 });
  router.post("/choice", readForm, choose(parts));
  router.get("/connected", onlyGet, showConnected);
  router.all(["/callback", "/connected"], refuseMethod("GET"));
  router.all("/choice", refuseMethod("GET, POST"));
  router.use(answerFault(parts));
  return router;
}

/** To a browser that comes once the server is stopping. */
export function refuseWhileStopping(response: Response): void {
  privately(response.req, response, () => undefined);
  sendRefusal(response, "UNAVAILABLE", null);
}

function privately(_request: Request, response: Response, next: () => void): void {
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("X-Frame-Options", "DENY");
  next();
}

/** Express answers HEAD by GET: what merely looks at a link would use it up. */
function onlyGet(request: Request, _response: Response, next: (route?: "route") => void): void {
  next(...(request.method === "GET" ? [] : (["route"] as const)));
}

function finish({ contextOf, baseUrlOf }: ConsentRouteParts): RequestHandler {
  return async (request, response) => {
    const answer = { ...consentAnswerIn(request), cookies: request.get("cookie") };
    const finished = await finishConsent(contextOf(response), answer);
    if (finished.kind === "CHOOSE") {
      // Relative, since a proxy may serve all this below a path; and another address, which may be loaded again.
      response.redirect(303, `choice?consent=${finished.consentId}`);
      return;
    }
    response.append("Set-Cookie", endedConsentCookie(finished.consentId, baseUrlOf(request)));
    leave(response, finished);
  };
}

function showChoice({ contextOf }: ConsentRouteParts): RequestHandler {
  return async (request, response) => {
    const asked = { consentId: singleParameter(request, "consent"), cookies: request.get("cookie") };
    sendChoice(response, await choiceOf(contextOf(response), asked), null);
  };
}

function choose({ contextOf, baseUrlOf }: ConsentRouteParts): RequestHandler {
  return async (request, response) => {
    const context = contextOf(response);
    const chosen = { ...chosenIn(request), cookies: request.get("cookie") };
    try {
      const connected = await chooseCalendar(context, chosen);
      response.append("Set-Cookie", endedConsentCookie(chosen.consentId, baseUrlOf(request)));
      leave(response, connected);
    } catch (error) {
      if (!isOfCalendar(error)) throw error;
      await chooseAgain(context, response, chosen, error.refusal);
    }
  };
}

/** The consent goes on: another calendar may be chosen. */
async function chooseAgain(
  context: ConsentContext,
  response: Response,
  chosen: ChosenCalendar,
  refusal: RefusalCode,
): Promise<void> {
  const choice = await choiceOf(context, chosen);
  sendChoice(response, choice, refusal);
}

function isOfCalendar(error: unknown): error is ConsentRefusedError {
  return (
    error instanceof ConsentRefusedError &&
    (error.refusal === "ALREADY_CONNECTED" || error.refusal === "NO_SUCH_CALENDAR")
  );
}

function leave(response: Response, { connectionId, returnUrl }: { connectionId: string; returnUrl: string | null }) {
  if (returnUrl === null) {
    response.redirect(303, `connected?connection=${connectionId}`);
    return;
  }
  const target = new URL(returnUrl);
  target.searchParams.set("connectionId", connectionId);
  response.redirect(303, target.href);
}

const showConnected: RequestHandler = (request, response) => {
  const id = parseId(singleParameter(request, "connection"));
  if (id === null) throw new ConsentRefusedError("REQUEST_MALFORMED");
  sendPage(response, 200, connectedPage(id));
};

function sendChoice(response: Response, choice: Choice, refused: RefusalCode | null): void {
  const formTargets = choice.returnUrl === null ? [] : [new URL(choice.returnUrl).origin];
  const code = refused ?? (hasFreeCalendar(choice) ? null : "ALREADY_CONNECTED");
  if (code !== null) traceOf(response).codes.push(code);
  sendPage(response, code === null ? 200 : refusals[code].status, choicePage(choice, refused), formTargets);
}

function refuseMethod(allowed: string): RequestHandler {
  return (_request, response) => {
    response.setHeader("Allow", allowed);
    throw new ConsentRefusedError("METHOD_NOT_ALLOWED");
  };
}

function answerFault({ contextOf }: ConsentRouteParts): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const { refusal, returnUrl } = refusalOf(error);
    if (refusal === "INTERNAL_ERROR") contextOf(response).log.error({ err: error }, "a consent's request failed");
    if (response.headersSent) next(error);
    else sendRefusal(response, refusal, returnUrl);
  };
}

function refusalOf(error: unknown): { refusal: RefusalCode; returnUrl: string | null } {
  if (error instanceof ConsentRefusedError) return error;
  if (isDatabaseUnavailable(error)) return { refusal: "UNAVAILABLE", returnUrl: null };
  return { refusal: refusalOfStatus(error), returnUrl: null };
}

/** The body parser says with a status that the request is at fault. */
function refusalOfStatus(error: unknown): RefusalCode {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : null;
  if (status === 413) return "BODY_TOO_LARGE";
  if (status === 415) return "BODY_NOT_A_FORM";
  return typeof status === "number" && status >= 400 && status < 500 ? "REQUEST_MALFORMED" : "INTERNAL_ERROR";
}

function sendRefusal(response: Response, code: RefusalCode, returnUrl: string | null): void {
  const { codes, requestId } = traceOf(response);
  const { status } = refusals[code];
  codes.push(code);
  if (status === 503) response.setHeader("Retry-After", retryAfterSeconds);
  sendPage(response, status, refusalPage(code, { returnUrl, requestId: code === "INTERNAL_ERROR" ? requestId : null }));
}

function sendPage(response: Response, status: number, html: string, formTargets: readonly string[] = []): void {
  response.setHeader("Content-Security-Policy", pagePolicy(formTargets));
  response.status(status).type("html").send(html);
}
