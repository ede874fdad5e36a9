import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import type { SeriesEvent, StoredEvent } from "../event.js";
import { isCancelled, itemId, itemTimes, walkItems } from "../walk.js";
import type { PresentItem } from "./event-resource.js";
import { instancesIn } from "./delta-items.js";
import { badQuery, GraphError, itemNotFound, malformedId } from "./graph-error.js";
import { decodeEventId, movedOf } from "./graph-id.js";
import type { EventId } from "./graph-id.js";
import { extendedPropertyFilter } from "./extended-properties.js";
import { isInWindow } from "./time-window.js";
import type { TimeWindow } from "./time-window.js";

/** An event with the calendar it is in. */
export interface FoundItem {
  calendar: SimulatedCalendar;
  item: PresentItem;
}

/** Looks for an id of either form in these calendars. Throws GraphError where it is malformed, deleted, moved away or unknown. */
export function findItem(calendars: readonly SimulatedCalendar[], text: string): FoundItem {
  const eventId = decodeEventId(text);
  if (!eventId) throw malformedId();
  for (const calendar of calendars) {
    const item = isOf(calendar, eventId) ? itemOf(calendar, eventId.id) : null;
    if (item) return { calendar, item };
  }
  throw itemNotFound();
}

/** Whether an id is one of those that the calendar's event of that name has now. */
function isOf(calendar: SimulatedCalendar, { isImmutable, id, calendar: named, times }: EventId): boolean {
  const { incarnation } = calendar.description;
  const moved = movedOf(calendar, id);
  return isImmutable ? (moved?.home ?? incarnation) === named : incarnation === named && (moved?.times ?? 0) === times;
}

function itemOf(calendar: SimulatedCalendar, id: string): PresentItem | null {
  const found = calendar.find(id);
  if (found?.kind === "instance") return found;
  return found?.kind === "stored" && found.event.status !== "cancelled" ? { kind: "event", event: found.event } : null;
}

/** Single events, instances and exceptions of a window, by start and id. */
export function viewItems(calendar: SimulatedCalendar, window: TimeWindow): PresentItem[] {
  const range = { from: window.from - 1, to: window.to };
  const walk = walkItems(calendar, { isExpanded: true, range, changes: null }, { place: 0 });
  const items = [...walk].map(({ item }) => item).filter((item) => !isCancelled(item)) as PresentItem[];
  return items.filter((item) => isInWindow(itemTimes(item), window)).sort(byStart);
}

function byStart(a: PresentItem, b: PresentItem): number {
  return itemTimes(a).startsAt - itemTimes(b).startsAt || (itemId(a) < itemId(b) ? -1 : 1);
}

/** The instances and exceptions of a series in a window, by start and id. Throws GraphError for anything but a series. */
export function instanceItems({ calendar, item }: FoundItem, window: TimeWindow): PresentItem[] {
  if (item.kind !== "event" || item.event.kind !== "series")
    throw new GraphError(
      400,
      "ErrorInvalidRequest",
      "Your request can't be completed. The event is not a recurring master.",
    );
  return [...instancesIn(calendar, item.event, window), ...exceptionItems(item.event, window)].sort(byStart);
}

function exceptionItems(series: SeriesEvent, window: TimeWindow): PresentItem[] {
  return livingExceptions(series)
    .filter((event) => isInWindow(event, window))
    .map((event) => ({ kind: "event" as const, event }));
}

export function livingExceptions(series: SeriesEvent) {
  return [...series.exceptions.values()].filter(({ status }) => status !== "cancelled");
}

/** `OID.{series}.{day}`: how Graph names instances that were deleted. */
export function cancelledOccurrenceIds(series: SeriesEvent, seriesId: string): string[] {
  const deleted = [...series.exceptions.values()].filter(({ status }) => status === "cancelled");
  return deleted.map(
    ({ originalStartsAt }) => `OID.${seriesId}.${new Date(originalStartsAt).toISOString().slice(0, 10)}`,
  );
}

const UID_FILTER = /^iCalUId eq '((?:[^']|'')*)'$/i;

/** The events of a calendar that are not instances: singles and series, the newest first. Throws GraphError for another filter. */
export function listedEvents(calendar: SimulatedCalendar, filter: string | null): PresentItem[] {
  const fits = filter === null ? () => true : filterOf(filter.trim());
  const isListed = (event: StoredEvent) => event.kind !== "exception" && event.status !== "cancelled" && fits(event);
  return calendar.events
    .filter(isListed)
    .map((event) => ({ kind: "event" as const, event }))
    .reverse();
}

/** Throws GraphError for a filter that is not by iCalUId or by an extended property. */
function filterOf(filter: string): (event: StoredEvent) => boolean {
  const uid = UID_FILTER.exec(filter)?.[1]?.replaceAll("''", "'");
  if (uid !== undefined) return (event) => event.uid === uid;
  const hasProperty = extendedPropertyFilter(filter);
  if (!hasProperty) throw badQuery(`The filter '${filter}' is not supported.`);
  return ({ content }) => hasProperty(content);
}

/** The user that a path names may only be the token's own. */
export function isSelf(account: Account, user: string, userId: string): boolean {
  return user.toLowerCase() === account.email.toLowerCase() || user === userId;
}
