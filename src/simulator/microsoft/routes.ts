import { randomUUID } from "node:crypto";
import type { Account } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { SimulatedCalendar } from "../calendar.js";
import type { MailboxRefusal } from "../mailbox-limits.js";
import type { World } from "../world.js";
import { authorize, bearerOf, overMailboxLimit, refuseOverLimit } from "./authorization.js";
import type { Call } from "./call.js";
import { collectionBody, entityBody } from "./collection.js";
import { deltaBody } from "./delta.js";
import { findItem, isSelf } from "./event-reads.js";
import { changeEvent, createEvent, deleteEvent } from "./event-writes.js";
import { shownEvent, eventAnswer, eventsBody, instancesBody, viewBody } from "./event-routes.js";
import { GraphError, graphAnswer, graphErrorAnswer, noSuchSegment, requestIdsOf } from "./graph-error.js";
import type { RequestIds } from "./graph-error.js";
import { userIdOf } from "./graph-id.js";
import { isLoginPath, loginAnswer } from "./login-routes.js";
import {
  calendarById,
  calendarResource,
  calendarsOf,
  defaultCalendar,
  mailboxSettingsResource,
  userResource,
} from "./mailbox.js";
import { accountOfTokenRequest } from "./oauth.js";
import { readPreferences } from "./preferences.js";
import { QueryOptions } from "./query-options.js";
import type { GraphResource } from "./scopes.js";
import { isSubscriptionPath, subscriptionAnswer } from "./subscription-routes.js";

const API = "/v1.0/";

interface RouteAnswer {
  /** Default 200. */
  status?: number;
  /** Null for an answer without a body. */
  body: Record<string, unknown> | null;
  etag?: string;
  location?: string;
}

interface Route {
  method: string;
  path: RegExp;
  resource: GraphResource;
  answer: (call: Call) => RouteAnswer;
}

/** Graph's calendars, after `me` or `users/{id}`; `{0}` is the calendar where a path names one. */
const ROUTES: readonly Route[] = [
  { method: "GET", path: /^$/, resource: "user", answer: userAnswer },
  { method: "GET", path: /^mailboxSettings$/, resource: "mailboxSettings", answer: settingsAnswer },
  { method: "GET", path: /^calendars$/, resource: "calendars", answer: calendarsAnswer },
  { method: "GET", path: /^(?:calendar|calendars\/([^/]+))$/, resource: "calendars", answer: calendarAnswer },
  eventRoute("GET", "calendarView/delta", (call) => ({
    body: deltaBody(viewOf(call), call.options, call),
  })),
  eventRoute("GET", "calendarView", (call) => ({ body: viewBody(call, calendarOf(call)) })),
  eventRoute("GET", "events", (call) => ({ body: eventsBody(call, calendarOf(call)) })),
  eventRoute("GET", "events/([^/]+)", (call) => eventAnswer(call, searched(call), call.ids[1] ?? "")),
  eventRoute("GET", "events/([^/]+)/instances", (call) => ({
    body: instancesBody(call, searched(call), call.ids[1] ?? ""),
  })),
  eventRoute("POST", "events", creationAnswer),
  eventRoute("PATCH", "events/([^/]+)", changeAnswer),
  eventRoute("DELETE", "events/([^/]+)", deletionAnswer),
];

function eventRoute(method: string, rest: string, answer: Route["answer"]): Route {
  const path = new RegExp(`^(?:calendar/|calendars/([^/]+)/)?${rest}$`);
  return { method, path, resource: method === "GET" ? "calendars" : "calendarWrites", answer };
}

export function isMicrosoftPath(path: string): boolean {
  return path.startsWith(API) || isLoginPath(path);
}

/** Whose mailbox a request reads, as far as its token tells; null for token requests. */
export function mailboxOf(world: World, request: IncomingRequest): string | null {
  if (!request.url.pathname.startsWith(API)) return null;
  return world.tokens.accountOfAccess(bearerOf(request) ?? "") ?? null;
}

/** Whose request this is, as far as its credentials tell; null where they tell nothing. */
export function microsoftAccountOf(world: World, request: IncomingRequest): string | null {
  const isApi = request.url.pathname.startsWith(API);
  return isApi ? mailboxOf(world, request) : accountOfTokenRequest(world, request);
}

/** Microsoft's answer to a request to one of its addresses. Never throws for anything a client may send. */
export function microsoftAnswer(world: World, request: IncomingRequest): Answer | Promise<Answer> {
  if (isSubscriptionPath(request.url.pathname)) return subscriptionAnswerOrRefusal(world, request);
  if (!request.url.pathname.startsWith(API)) return loginAnswer(world, request);
  return orRefusal(world, request, (ids) => apiAnswer(world, request, ids));
}

/** The answer to a request that is over its mailbox's limit, and is not carried out. */
export function overLimitAnswer(world: World, request: IncomingRequest, refusal: MailboxRefusal): Answer {
  return orRefusal(world, request, () => {
    throw overMailboxLimit(world, refusal);
  });
}

async function subscriptionAnswerOrRefusal(world: World, request: IncomingRequest): Promise<Answer> {
  const ids = requestIdsOf(request, randomUUID());
  try {
    return await subscriptionAnswer(world, request, ids);
  } catch (error) {
    if (error instanceof GraphError) return graphErrorAnswer(error, ids, world.clock.now());
    throw error;
  }
}

function orRefusal(world: World, request: IncomingRequest, answer: (ids: RequestIds) => Answer): Answer {
  const ids = requestIdsOf(request, randomUUID());
  try {
    return answer(ids);
  } catch (error) {
    if (error instanceof GraphError) return graphErrorAnswer(error, ids, world.clock.now());
    throw error;
  }
}

function apiAnswer(world: World, request: IncomingRequest, ids: RequestIds): Answer {
  const path = request.url.pathname.slice(API.length);
  const { owner, route, parts } = routeOf(request.method, path);
  const account = authorize(world, request, route.resource);
  refuseOverLimit(world, account);
  refuseOtherUser(account, owner);
  const preferences = readPreferences(request.headers["prefer"]);
  const options = new QueryOptions(request.url.searchParams);
  const user = `users('${userIdOf(account.email)}')`;
  const {
    status = 200,
    body,
    etag,
    location,
  } = route.answer({
    ...{ world, request, account, options, preferences, user, path },
    root: `${request.origin}/v1.0`,
    ids: parts,
  });
  return graphAnswer(status, body, ids, {
    ...(location === undefined ? {} : { location }),
    ...(preferences.applied === "" ? {} : { "preference-applied": preferences.applied, vary: "Prefer" }),
    ...(etag === undefined ? {} : { etag }),
  });
}

/** Keys may be written `calendars/ID` or `calendars('ID')`. `owner` is null for `me`. Throws GraphError. */
function routeOf(method: string, path: string): { owner: string | null; route: Route; parts: string[] } {
  const segments = path
    .replace(/\('([^'/]*)'\)/g, "/$1")
    .replace(/\/$/, "")
    .split("/");
  const isMe = segments[0] === "me";
  if (!isMe && (segments[0] !== "users" || segments.length < 2)) throw noSuchSegment(segments[0] ?? "");
  const rest = segments.slice(isMe ? 1 : 2).join("/");
  const routes = ROUTES.filter((candidate) => candidate.path.test(rest));
  if (routes.length === 0) throw noSuchSegment(segments.at(-1) ?? "");
  const route = routes.find((candidate) => candidate.method === method) ?? refuseMethod(routes);
  const parts = (route.path.exec(rest) ?? []).slice(1).map((part) => decoded((part as string | undefined) ?? ""));
  return { owner: isMe ? null : decoded(segments[1] ?? ""), route, parts };
}

function refuseMethod(routes: readonly Route[]): never {
  const allow = routes.map(({ method }) => method).join(", ");
  throw new GraphError(405, "Request_BadRequest", "The HTTP method is not supported for this resource.", { allow });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noSuchSegment(part);
  }
}

function refuseOtherUser(account: Account, owner: string | null): void {
  if (owner === null || isSelf(account, owner, userIdOf(account.email))) return;
  throw new GraphError(404, "ErrorInvalidUser", `The requested user '${owner}' is invalid.`);
}

function calendarOf({ account, ids }: Call): SimulatedCalendar {
  const [id] = ids;
  return id === undefined || id === "" ? defaultCalendar(account) : calendarById(account, id);
}

/** Without a calendar in its path an event is looked for in all of them. */
function searched(call: Call): SimulatedCalendar[] {
  const isAnywhere = call.ids[0] === "" && !/(^|\/)calendar\//.test(call.path);
  return isAnywhere ? calendarsOf(call.account) : [calendarOf(call)];
}

function viewOf(call: Call) {
  const { account, preferences, world } = call;
  return { account, calendar: calendarOf(call), preferences, scenario: world.scenarioOf(account.email) };
}

function creationAnswer(call: Call): RouteAnswer {
  const { account, world, request, preferences, root, user } = call;
  const calendar = calendarOf(call);
  const scenario = world.scenarioOf(account.email);
  const { hasImmutableIds } = preferences;
  const item = createEvent({ account, calendar, scenario, hasImmutableIds }, request.body);
  const { body, etag, id } = shownEvent(call, { calendar, item });
  return { status: 201, body, etag, location: `${root}/${user}/events('${encodeURIComponent(id)}')` };
}

function changeAnswer(call: Call): RouteAnswer {
  const found = findItem(searched(call), call.ids[1] ?? "");
  const item = changeEvent(found, call.request.body, call.request.headers["if-match"]);
  const { body, etag } = shownEvent(call, { ...found, item });
  return { body, etag };
}

function deletionAnswer(call: Call): RouteAnswer {
  deleteEvent(findItem(searched(call), call.ids[1] ?? ""), call.request.headers["if-match"]);
  return { status: 204, body: null };
}

function userAnswer({ account, options, root }: Call): RouteAnswer {
  return { body: entityBody(userResource(account), options, { root, url: "", context: "users" }) };
}

function settingsAnswer({ account, options, root, user }: Call): RouteAnswer {
  const { "@odata.context": context, ...body } = entityBody(mailboxSettingsResource(account), options, {
    ...{ root, url: "" },
    context: `${user}/mailboxSettings`,
  });
  return { body: { "@odata.context": context.replace("/$entity", ""), ...body } };
}

function calendarsAnswer({ account, options, preferences, root, user, path }: Call): RouteAnswer {
  options.allowOnly(["$select", "$top", "$skip"]);
  const shown = (calendar: SimulatedCalendar) => calendarResource(account, calendar);
  const place = { root, url: `${root}/${path}`, context: `${user}/calendars` };
  return { body: collectionBody(calendarsOf(account), shown, options, place, preferences.maxPageSize) };
}

function calendarAnswer(call: Call): RouteAnswer {
  const { account, options, root, user } = call;
  const resource = calendarResource(account, calendarOf(call));
  return { body: entityBody(resource, options, { root, url: "", context: `${user}/calendars` }) };
}
