import { isDeepStrictEqual } from "node:util";
import type { FoundEvent, SimulatedCalendar } from "../calendar.js";
import type { EventStatus, EventTimes, StoredEvent } from "../event.js";
import type { EventPatch } from "../event-change.js";
import { RecurrenceError } from "../recurrence.js";
import type { Item } from "../walk.js";
import { itemSource, itemTimes } from "../walk.js";
import { readEvent } from "./event-body.js";
import type { WrittenEvent } from "./event-body.js";
import { eventEtag, eventResource } from "./event-resource.js";
import { GoogleError, invalidBody, notFound } from "./google-error.js";
import { mergePatch } from "./merge-patch.js";
import { refuseNonOrganizer, refuseOtherVersion } from "./write-access.js";

/** What changes events through the Calendar API. All throw GoogleError. */

/** A client's own id. */
const EVENT_ID = /^[a-v0-9]{5,1024}$/;

/** `events.insert`: an event under an id or UID of the client's choice, or under a new one. Ids of deleted events stay taken. */
export function insertEvent(calendar: SimulatedCalendar, body: unknown): Item {
  const { id, uid, times, recurrence, status, content } = readEvent(body, calendar.description.timeZone);
  if (id !== null && !EVENT_ID.test(id)) throw invalidBody("Invalid resource id value.");
  if (id !== null && uid !== null) throw invalidBody("Only one of id and iCalUID may be given.");
  if (status === "cancelled") throw invalidBody("Invalid value for: status");
  const isTaken = id === null ? uid !== null && hasUid(calendar, uid) : calendar.stored(id) !== undefined;
  if (isTaken) throw duplicate();
  const event = withRule(() =>
    calendar.create({
      ...(id === null ? {} : { id }),
      ...(uid === null ? {} : { uid }),
      ...(recurrence ? { recurrence } : {}),
      ...(status ? { status } : {}),
      ...{ times, content },
    }),
  );
  return { kind: "event", event };
}

/** `events.update`: the event as the client has it in place of the known one. A deleted event comes back with a status alone. */
export function replaceEvent(calendar: SimulatedCalendar, id: string, body: unknown, ifMatch?: string): Item {
  const known = knownItem(calendar, id, ifMatch);
  return write(calendar, id, known, readEvent(body, itemSource(known).timeZone));
}

/** `events.patch`: the fields that the client names; null takes one away. */
export function patchEvent(calendar: SimulatedCalendar, id: string, body: unknown, ifMatch?: string): Item {
  const known = knownItem(calendar, id, ifMatch);
  const options = { timeZone: calendar.description.timeZone, maxAttendees: null, isCancelledInFull: true };
  const { status, ...whole } = eventResource(calendar, known, options);
  const merged = mergePatch(status === "cancelled" ? whole : { ...whole, status }, body);
  return write(calendar, id, known, readEvent(merged, itemSource(known).timeZone));
}

/** `events.delete`: an event, a series, or one instance. Throws 410 where that was done before. */
export function deleteEvent(calendar: SimulatedCalendar, id: string, ifMatch?: string): void {
  if (isGone(knownItem(calendar, id, ifMatch))) throw deleted();
  calendar.remove(id);
}

function write(calendar: SimulatedCalendar, id: string, known: Item, written: WrittenEvent): Item {
  if (isGone(known) && (written.status === null || written.status === "cancelled")) throw deleted();
  if (written.status === "cancelled") return { kind: "event", event: calendar.remove(id) };
  const source = itemSource(known);
  refuseNonOrganizer(calendar, known.kind === "instance" ? instanceSource(known) : source, written);
  const isSeries = known.kind === "event" && source.kind === "series";
  if (isSeries && written.recurrence === null) throw invalidBody("A recurring event keeps its recurrence.");
  const isInstance = known.kind === "instance" || source.kind === "exception";
  if (isInstance && written.recurrence !== null) throw invalidBody("An instance has no recurrence of its own.");
  const patch = patchOf(known, written);
  return { kind: "event", event: withRule(() => calendar.update(id, patch)) };
}

/** An instance as its series has it; its recurrence is the series' alone. */
function instanceSource(item: Item & { kind: "instance" }): StoredEvent {
  return { ...item.series, ...itemTimes(item), kind: "single" };
}

/** Only times and rules that differ are changes: the sequence number rises with them. */
function patchOf(known: Item, { times, recurrence, status, content }: WrittenEvent): EventPatch {
  const source = itemSource(known);
  const { organizerEmail, eventType } = source.content;
  const previous: EventTimes = { ...itemTimes(known), timeZone: source.timeZone };
  const isSameRule = source.kind === "series" && isDeepStrictEqual(source.recurrence, recurrence);
  return {
    wholeContent: { ...content, eventType, ...(organizerEmail === undefined ? {} : { organizerEmail }) },
    status: living(status, source.status),
    ...(isDeepStrictEqual(timesOnly(times), timesOnly(previous)) ? {} : { times }),
    ...(recurrence === null || isSameRule ? {} : { recurrence }),
  };
}

function living(written: EventStatus | null, known: EventStatus): EventStatus {
  return written ?? (known === "cancelled" ? "confirmed" : known);
}

function timesOnly({ startsAt, endsAt, isAllDay, timeZone }: EventTimes): EventTimes {
  return { startsAt, endsAt, isAllDay, timeZone };
}

function knownItem(calendar: SimulatedCalendar, id: string, ifMatch: string | undefined): Item {
  const found = calendar.find(id);
  if (!found) throw notFound();
  const item = itemOf(found);
  if (!item) throw deleted();
  refuseOtherVersion(ifMatch, eventEtag(itemSource(item)));
  return item;
}

/** Null for an instance that its series no longer has. */
function itemOf(found: FoundEvent): Item | null {
  if (found.kind === "former") return null;
  return found.kind === "stored" ? { kind: "event", event: found.event } : found;
}

function isGone(item: Item): boolean {
  return item.kind === "event" && item.event.status === "cancelled";
}

function hasUid(calendar: SimulatedCalendar, uid: string): boolean {
  return calendar.events.some((event) => event.uid === uid);
}

/** Throws GoogleError 400 for a rule that cannot be expanded. */
function withRule<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    throw error instanceof RecurrenceError ? invalidBody("Invalid recurrence rule.") : error;
  }
}

function duplicate(): GoogleError {
  const message = "The requested identifier already exists.";
  return new GoogleError({ status: 409, reason: "duplicate", message });
}

function deleted(): GoogleError {
  return new GoogleError({ status: 410, reason: "deleted", message: "Resource has been deleted" });
}
