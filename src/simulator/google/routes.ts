import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { World } from "../world.js";
import { accountOfTokenRequest, revokeAnswer, tokenAnswer } from "./oauth.js";
import { authorize, bearerToken, refuseOverLimit } from "./authorization.js";
import type { Resource } from "./authorization.js";
import { authorizeAnswer } from "./consent.js";
import { calendarBody, calendarListBody, calendarOf } from "./calendar-list.js";
import { errorAnswer, GoogleError, notFound } from "./google-error.js";
import { eventsList } from "./list-events.js";
import { readListQuery } from "./list-query.js";
import { QueryParameters } from "./query-parameters.js";
import { configurationAnswer, keysAnswer } from "./identity.js";
import { eventBody, instancesBody } from "./single-event.js";
import type { Account } from "../accounts.js";

const API = "/calendar/v3/";

interface Call {
  world: World;
  account: Account;
  parameters: QueryParameters;
  /** The path's variable parts, decoded. */
  ids: readonly string[];
}

interface Route {
  path: RegExp;
  resource: Resource;
  body: (call: Call) => Record<string, unknown>;
}

/** The read side of the Calendar API. */
const ROUTES: readonly Route[] = [
  {
    path: /^users\/me\/calendarList$/,
    resource: "calendarList",
    body: ({ account, parameters }) => calendarListBody(account, parameters),
  },
  {
    path: /^calendars\/([^/]+)$/,
    resource: "calendar",
    body: ({ account, ids }) => calendarBody(calendarOf(account, ids[0] ?? "")),
  },
  { path: /^calendars\/([^/]+)\/events$/, resource: "events", body: listBody },
  { path: /^calendars\/([^/]+)\/events\/([^/]+)$/, resource: "events", body: singleBody },
  { path: /^calendars\/([^/]+)\/events\/([^/]+)\/instances$/, resource: "events", body: instancesOfBody },
];

/** What is outside the Calendar API: OAuth and OpenID Connect, `METHOD path`. */
const OAUTH_ROUTES: Readonly<Record<string, (world: World, request: IncomingRequest) => Answer>> = {
  "GET /google/o/oauth2/v2/auth": authorizeAnswer,
  "POST /google/o/oauth2/v2/auth": authorizeAnswer,
  "POST /google/token": tokenAnswer,
  "POST /google/revoke": revokeAnswer,
  "GET /google/oauth2/v3/certs": keysAnswer,
  "GET /google/.well-known/openid-configuration": (_world, request) => configurationAnswer(request),
};

export function isGooglePath(path: string): boolean {
  return path.startsWith(API) || Object.keys(OAUTH_ROUTES).some((route) => route.endsWith(` ${path}`));
}

/** Whose request this is, as far as its credentials tell; null where they tell nothing. */
export function googleAccountOf(world: World, request: IncomingRequest): string | null {
  if (!request.url.pathname.startsWith(API)) return accountOfTokenRequest(world, request);
  return world.tokens.accountOfAccess(bearerToken(request) ?? "") ?? null;
}

/** Google's answer to a request to one of its addresses. Never throws for anything a client may send. */
export function googleAnswer(world: World, request: IncomingRequest): Answer {
  const { pathname } = request.url;
  try {
    if (pathname.startsWith(API)) return apiAnswer(world, request, pathname.slice(API.length));
    const answer = OAUTH_ROUTES[`${request.method} ${pathname}`];
    if (!answer) throw methodNotAllowed();
    return answer(world, request);
  } catch (error) {
    if (error instanceof GoogleError) return errorAnswer(error, world.scenario.errorStyle);
    throw error;
  }
}

function apiAnswer(world: World, request: IncomingRequest, path: string): Answer {
  const route = ROUTES.find((candidate) => candidate.path.test(path));
  if (!route) throw notFound();
  if (request.method !== "GET") throw methodNotAllowed();
  const account = authorize(world, request, route.resource);
  refuseOverLimit(world, account);
  const ids = (route.path.exec(path) ?? []).slice(1).map(decoded);
  const body = route.body({ world, account, ids, parameters: new QueryParameters(request.url.searchParams) });
  const etag = String(body["etag"]);
  if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag }, body: "" };
  return jsonAnswer(200, body, {
    etag,
    "cache-control": "private, max-age=0, must-revalidate, no-transform",
    vary: "Origin, X-Origin, Referer",
  });
}

function listBody({ world, account, parameters, ids }: Call) {
  const calendar = calendarOf(account, ids[0] ?? "");
  return eventsList(world, account, calendar, readListQuery(parameters, world.clock.now()));
}

function singleBody({ account, parameters, ids }: Call) {
  return eventBody(calendarOf(account, ids[0] ?? ""), ids[1] ?? "", parameters);
}

function instancesOfBody({ account, parameters, ids }: Call) {
  return instancesBody(calendarOf(account, ids[0] ?? ""), ids[1] ?? "", parameters);
}

/** A malformed escape names nothing that exists. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw notFound();
  }
}

function methodNotAllowed(): GoogleError {
  return new GoogleError({ status: 405, reason: "httpMethodNotAllowed", message: "Method Not Allowed" });
}
