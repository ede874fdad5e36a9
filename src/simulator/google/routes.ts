import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { World } from "../world.js";
import { accountOfTokenRequest, revokeAnswer, tokenAnswer } from "./oauth.js";
import { authorize, bearerToken, refuseOverLimit } from "./authorization.js";
import type { Resource } from "./authorization.js";
import { authorizeAnswer } from "./consent.js";
import { stopChannel, watchBody } from "./channels.js";
import { calendarBody, calendarListBody, calendarOf } from "./calendar-list.js";
import { errorAnswer, GoogleError, notFound } from "./google-error.js";
import { eventsList } from "./list-events.js";
import { readListQuery } from "./list-query.js";
import { QueryParameters } from "./query-parameters.js";
import { configurationAnswer, keysAnswer } from "./identity.js";
import { eventBody, instancesBody } from "./single-event.js";
import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import type { Item } from "../walk.js";
import { eventResource } from "./event-resource.js";
import { refuseOverQuota, refuseReader } from "./write-access.js";
import { deleteEvent, insertEvent, patchEvent, replaceEvent } from "./write-events.js";

const API = "/calendar/v3/";

interface Call {
  world: World;
  account: Account;
  request: IncomingRequest;
  parameters: QueryParameters;
  /** The path's variable parts, decoded. */
  ids: readonly string[];
}

interface Route {
  method: string;
  path: RegExp;
  resource: Resource;
  /** Null for an answer without a body. */
  body: (call: Call) => Record<string, unknown> | null;
}

const EVENTS = /^calendars\/([^/]+)\/events$/;
const EVENT = /^calendars\/([^/]+)\/events\/([^/]+)$/;

/** The Calendar API. */
const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: /^users\/me\/calendarList$/,
    resource: "calendarList",
    body: ({ account, parameters }) => calendarListBody(account, parameters),
  },
  {
    method: "GET",
    path: /^calendars\/([^/]+)$/,
    resource: "calendar",
    body: ({ account, ids }) => calendarBody(calendarOf(account, ids[0] ?? "")),
  },
  { method: "GET", path: EVENTS, resource: "events", body: listBody },
  { method: "GET", path: EVENT, resource: "events", body: singleBody },
  {
    method: "GET",
    path: /^calendars\/([^/]+)\/events\/([^/]+)\/instances$/,
    resource: "events",
    body: instancesOfBody,
  },
  { method: "POST", path: EVENTS, resource: "eventWrites", body: eventWrite((at, _, body) => insertEvent(at, body)) },
  { method: "PUT", path: EVENT, resource: "eventWrites", body: eventWrite(replaceEvent) },
  { method: "PATCH", path: EVENT, resource: "eventWrites", body: eventWrite(patchEvent) },
  { method: "DELETE", path: EVENT, resource: "eventWrites", body: deletion },
  { method: "POST", path: /^calendars\/([^/]+)\/events\/watch$/, resource: "events", body: watch },
  { method: "POST", path: /^channels\/stop$/, resource: "events", body: stop },
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
    if (error instanceof GoogleError)
      return errorAnswer(error, world.scenarioOf(googleAccountOf(world, request)).errorStyle);
    throw error;
  }
}

function apiAnswer(world: World, request: IncomingRequest, path: string): Answer {
  const routes = ROUTES.filter((candidate) => candidate.path.test(path));
  if (routes.length === 0) throw notFound();
  const route = routes.find(({ method }) => method === request.method);
  if (!route) throw methodNotAllowed();
  const account = authorize(world, request, route.resource);
  refuseOverLimit(world, account);
  const ids = (route.path.exec(path) ?? []).slice(1).map(decoded);
  const body = route.body({ world, account, request, ids, parameters: new QueryParameters(request.url.searchParams) });
  if (!body) return { status: 204, headers: {}, body: "" };
  if (!("etag" in body)) return jsonAnswer(200, body);
  const etag = String(body["etag"]);
  if (request.method === "GET" && request.headers["if-none-match"] === etag)
    return { status: 304, headers: { etag }, body: "" };
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

type Write = (calendar: SimulatedCalendar, id: string, body: unknown, ifMatch?: string) => Item;

/** A change that answers with the event as it is after it. */
function eventWrite(write: Write): Route["body"] {
  return (call) => {
    const calendar = writableCalendar(call);
    const { request, ids, parameters } = call;
    const item = write(calendar, ids[1] ?? "", jsonBody(request), request.headers["if-match"]);
    const timeZone = calendar.description.timeZone;
    const options = { timeZone, maxAttendees: parameters.positive("maxAttendees"), isCancelledInFull: true };
    return eventResource(calendar, item, options);
  };
}

function deletion(call: Call): null {
  deleteEvent(writableCalendar(call), call.ids[1] ?? "", call.request.headers["if-match"]);
  return null;
}

function watch({ world, account, ids, request }: Call) {
  const { origin, url } = request;
  const resource = `${origin}${url.pathname.replace(/\/watch$/, "")}?alt=json`;
  return watchBody(world, account, calendarOf(account, ids[0] ?? ""), jsonBody(request), resource);
}

function stop({ world, account, request }: Call): null {
  stopChannel(world, account, jsonBody(request));
  return null;
}

/** The calendar of a change, which is refused before anything of it is read. Nobody is notified, so who should be is only checked. */
function writableCalendar({ world, account, ids, parameters }: Call): SimulatedCalendar {
  const calendar = calendarOf(account, ids[0] ?? "");
  parameters.choice("sendUpdates", ["all", "externalOnly", "none"]);
  parameters.boolean("sendNotifications");
  parameters.choice("conferenceDataVersion", ["0", "1"]);
  refuseReader(calendar);
  refuseOverQuota(world);
  return calendar;
}

function jsonBody(request: IncomingRequest): unknown {
  try {
    return JSON.parse(request.body) as unknown;
  } catch {
    throw new GoogleError({ status: 400, reason: "parseError", message: "Parse Error" });
  }
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
