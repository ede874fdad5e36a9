import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Account } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { SimulatedCalendar } from "../calendar.js";
import { isHttps, isLoopback, isWebAddress } from "../notifications/addresses.js";
import { post } from "../notifications/post.js";
import type { Subscription } from "../notifications/subscriptions.js";
import type { World } from "../world.js";
import { authorize, refuseOverLimit } from "./authorization.js";
import { isSelf } from "./event-reads.js";
import { GraphError, graphAnswer, noSuchSegment } from "./graph-error.js";
import type { RequestIds } from "./graph-error.js";
import { userIdOf } from "./graph-id.js";
import { calendarById, defaultCalendar } from "./mailbox.js";

/** Subscriptions, by which Graph notifies of changes. */

const PATH = /^\/v1\.0\/subscriptions(?:\/([^/]+))?$/;

/** For events: just under seven days. */
const LONGEST_LIFE_MS = 10_080 * 60_000;

const expirationDateTime = z.iso.datetime({ offset: true });

const subscriptionBody = z.object({
  changeType: z.string().regex(/^(created|updated|deleted)(,\s*(created|updated|deleted))*$/),
  notificationUrl: z.string(),
  lifecycleNotificationUrl: z.string().nullish(),
  resource: z.string(),
  expirationDateTime,
  clientState: z.string().max(128).nullish(),
});

export function isSubscriptionPath(path: string): boolean {
  return PATH.test(path);
}

/** The answer to a request to subscriptions. Rejects with GraphError. */
export async function subscriptionAnswer(world: World, request: IncomingRequest, ids: RequestIds): Promise<Answer> {
  const account = authorize(world, request, "calendars");
  refuseOverLimit(world, account);
  const id = PATH.exec(request.url.pathname)?.[1];
  const context = {
    "@odata.context": `${request.origin}/v1.0/$metadata#subscriptions${id === undefined ? "" : "/$entity"}`,
  };
  if (id === undefined && request.method === "POST") {
    const made = await subscribe(world, account, request);
    return graphAnswer(201, { "@odata.context": `${context["@odata.context"]}/$entity`, ...resourceOf(made) }, ids);
  }
  if (id === undefined && request.method === "GET")
    return graphAnswer(200, { ...context, value: subscriptionsOf(world, account).map(resourceOf) }, ids);
  if (id === undefined) throw refusedMethod("GET, POST");
  const known = subscriptionsOf(world, account).find((candidate) => candidate.id === id);
  if (!known) throw new GraphError(404, "ResourceNotFound", "The object was not found.");
  return oneAnswer(world, request, known, context, ids);
}

function oneAnswer(
  world: World,
  request: IncomingRequest,
  known: Subscription,
  context: object,
  ids: RequestIds,
): Answer {
  switch (request.method) {
    case "GET":
      return graphAnswer(200, { ...context, ...resourceOf(known) }, ids);
    case "PATCH":
      known.expiresAt = readExpiry(world, parsed(z.object({ expirationDateTime }), request).expirationDateTime);
      world.subscriptions.touch();
      return graphAnswer(200, { ...context, ...resourceOf(known) }, ids);
    case "DELETE":
      world.subscriptions.remove(known.id);
      return graphAnswer(204, null, ids);
    default:
      throw refusedMethod("GET, PATCH, DELETE");
  }
}

async function subscribe(world: World, account: Account, request: IncomingRequest): Promise<Subscription> {
  const body = parsed(subscriptionBody, request);
  const calendar = watchedCalendar(account, body.resource);
  const expiresAt = readExpiry(world, body.expirationDateTime);
  const lifecycleAddress = body.lifecycleNotificationUrl ?? null;
  for (const address of new Set([body.notificationUrl, ...(lifecycleAddress === null ? [] : [lifecycleAddress])]))
    await validate(world, address);
  const subscription: Subscription = {
    ...{ kind: "subscription", id: randomUUID(), account: account.email, calendar: calendar.description.incarnation },
    ...{ address: body.notificationUrl, lifecycleAddress, clientState: body.clientState ?? null, expiresAt },
    ...{ changeTypes: body.changeType.split(/,\s*/), resource: body.resource, messages: 0 },
    ...{ toldSeq: calendar.seq, toldPosition: calendar.events.at(-1)?.position ?? -1 },
  };
  world.subscriptions.add(subscription);
  return subscription;
}

/** `me/events`, `users/{id}/events`, or those of one calendar. */
function watchedCalendar(account: Account, resource: string): SimulatedCalendar {
  const match = /^\/?(?:me|users\/([^/]+))\/(?:events|calendars?\/(?:([^/]+)\/)?events)$/i.exec(resource);
  if (!match) throw invalidRequest(`Resource '${resource}' is not supported.`);
  const owner = match[1];
  if (owner !== undefined && !isSelf(account, decodeURIComponent(owner), userIdOf(account.email)))
    throw noSuchSegment(owner);
  const calendar = match[2];
  return calendar === undefined ? defaultCalendar(account) : calendarById(account, decodeURIComponent(calendar));
}

function readExpiry(world: World, text: string): number {
  const [expiresAt, now] = [Date.parse(text), world.clock.now()];
  if (expiresAt <= now) throw invalidRequest("ExpirationDateTime must be in the future.");
  if (expiresAt > now + LONGEST_LIFE_MS)
    throw invalidRequest("Subscription expiration can only be 10080 minutes in the future.");
  return expiresAt;
}

/** The receiver has to echo a token as plain text, within ten seconds. */
async function validate(world: World, address: string): Promise<void> {
  if (!isWebAddress(address) || (!isLoopback(address) && !(isHttps(address) && world.notifiesAnywhere)))
    throw invalidRequest("The notification URL is not allowed.");
  const token = `Validation: Testing client application reachability ${randomUUID()}`;
  const url = new URL(address);
  url.searchParams.set("validationToken", token);
  const message = { headers: { "content-type": "text/plain; charset=utf-8" }, body: "" };
  const answer = await post(url.href, message, AbortSignal.timeout(10_000));
  const isPlain = answer?.headers.get("content-type")?.startsWith("text/plain") ?? false;
  const text = await answer?.text().catch(() => null);
  if (answer?.status === 200 && isPlain && text === token) return;
  const reason = "Notification endpoint must respond with 200 OK to validation request.";
  throw new GraphError(400, "ValidationError", `Subscription validation request failed. ${reason}`);
}

function subscriptionsOf(world: World, { email }: Account): Subscription[] {
  return world.subscriptions
    .all()
    .filter((watch) => watch.kind === "subscription" && watch.account === email) as Subscription[];
}

function resourceOf(watch: Subscription) {
  return {
    id: watch.id,
    resource: watch.resource,
    applicationId: null,
    changeType: watch.changeTypes.join(","),
    clientState: null,
    notificationUrl: watch.address,
    lifecycleNotificationUrl: watch.lifecycleAddress,
    expirationDateTime: new Date(watch.expiresAt).toISOString(),
    creatorId: userIdOf(watch.account),
  };
}

function parsed<T>(schema: z.ZodType<T>, request: IncomingRequest): T {
  const result = schema.safeParse(jsonOf(request.body));
  if (result.success) return result.data;
  throw invalidRequest(`The property '${result.error.issues[0]?.path.join(".") ?? ""}' is missing or invalid.`);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new GraphError(400, "BadRequest", "Unable to read JSON request payload.");
  }
}

function invalidRequest(message: string): GraphError {
  return new GraphError(400, "InvalidRequest", message);
}

function refusedMethod(allow: string): GraphError {
  return new GraphError(405, "Request_BadRequest", "The HTTP method is not supported for this resource.", { allow });
}
