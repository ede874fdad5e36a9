import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import type { StoredEvent } from "../event.js";
import type { Message } from "../notifications/post.js";
import type { Subscription } from "../notifications/subscriptions.js";
import { eventEtag } from "./event-resource.js";
import { directoryId, eventIdIn, userIdOf } from "./graph-id.js";

/** What a subscription loses, or has to do something for. */
export type LifecycleEvent = "subscriptionRemoved" | "missed" | "reauthorizationRequired";

/** The changes since the last notification that a subscription asks for; null where there are none. */
export function changeMessage(watch: Subscription, calendar: SimulatedCalendar, account: Account): Message | null {
  const changed = [...calendar.changes.between(watch.toldSeq, calendar.seq)];
  const value = changed
    .map((event) => ({ ...frame(watch), ...change(watch, calendar, account, event) }))
    .filter(({ changeType }) => watch.changeTypes.includes(changeType));
  return value.length === 0 ? null : jsonMessage({ value });
}

export function lifecycleMessage(watch: Subscription, lifecycleEvent: LifecycleEvent): Message {
  return jsonMessage({ value: [{ ...frame(watch), lifecycleEvent }] });
}

function frame({ id, clientState, expiresAt, account }: Subscription) {
  return {
    subscriptionId: id,
    subscriptionExpirationDateTime: new Date(expiresAt).toISOString(),
    tenantId: directoryId(`tenant ${account.split("@")[1] ?? ""}`),
    clientState,
  };
}

function change(watch: Subscription, calendar: SimulatedCalendar, { email }: Account, event: StoredEvent) {
  const id = eventIdIn(calendar, event.id, false);
  const resource = `Users/${userIdOf(email)}/Events/${id}`;
  const tag = {
    "@odata.type": "#Microsoft.Graph.Event",
    "@odata.id": resource,
    "@odata.etag": eventEtag(calendar, event),
  };
  return { changeType: changeType(watch, event), resource, resourceData: { ...tag, id } };
}

/** A changed instance is a change of its series. */
function changeType({ toldPosition }: Subscription, event: StoredEvent): string {
  if (event.status === "cancelled") return "deleted";
  return event.position > toldPosition && event.kind !== "exception" ? "created" : "updated";
}

function jsonMessage(body: object): Message {
  return { headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}
