import { calendarsOf } from "./mailbox.js";
import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import type { EventTimes, SeriesEvent, StoredEvent } from "../event.js";
import { RecurrenceError } from "../recurrence.js";
import type { Scenario } from "../scenario.js";
import { exceptionAt, firstIndexFrom } from "../series.js";
import { wallClockAt } from "../time-zone.js";
import { itemId, itemSource, itemTimes } from "../walk.js";
import { contentAfter, readBody, statusOf } from "./event-body.js";
import type { EventBody } from "./event-body.js";
import type { FoundItem } from "./event-reads.js";
import { eventEtag } from "./event-resource.js";
import type { PresentItem } from "./event-resource.js";
import { timesAfter } from "./event-times.js";
import { GraphError, invalidProperty } from "./graph-error.js";
import { eventIdIn } from "./graph-id.js";
import { ruleOf } from "./recurrence-rule.js";

/** What changes events through Graph. All throw GraphError. */

export interface Creation {
  account: Account;
  calendar: SimulatedCalendar;
  scenario: Scenario;
  hasImmutableIds: boolean;
}

/** A new event or series. A `transactionId` that the mailbox knows is refused, so that a repeated request makes no second event. */
export function createEvent(creation: Creation, text: string): PresentItem {
  const { calendar } = creation;
  refuseReadOnly(calendar);
  const body = readBody(text);
  const { transactionId } = body;
  if (transactionId != null) refuseKnownTransaction(creation, transactionId);
  const times = timesAfter(null, body);
  if (!times) throw invalidProperty("At least one property failed validation.");
  const content = contentAfter({ eventType: "default" }, body);
  const status = statusOf(body);
  const event = withRule(() =>
    calendar.create({
      times,
      content: transactionId == null ? content : { ...content, transactionId },
      ...(status ? { status } : {}),
      ...(body.recurrence ? { recurrence: [ruleOf(body.recurrence, firstDay(times))] } : {}),
    }),
  );
  return { kind: "event", event };
}

/** Changes what the body names of an event, a series, or one instance, which becomes an exception. */
export function changeEvent({ calendar, item }: FoundItem, text: string, ifMatch: string | undefined): PresentItem {
  refuseReadOnly(calendar);
  refuseOtherVersion(calendar, item, ifMatch);
  const body = readBody(text);
  const source = itemSource(item);
  const times = timesAfter({ ...itemTimes(item), timeZone: source.timeZone }, body);
  const series = seriesOf(calendar, item);
  if (series && times) refuseCrossing(calendar, series, item, times);
  const recurrence = recurrenceAfter(item, body, times);
  const status = statusOf(body);
  const patch = {
    wholeContent: contentAfter(source.content, body),
    ...(status && source.status !== status ? { status } : {}),
    ...(times ? { times } : {}),
    ...(recurrence ? { recurrence } : {}),
  };
  return { kind: "event", event: withRule(() => calendar.update(itemId(item), patch)) };
}

/** Deletes an event, a series with all its instances, or one instance. */
export function deleteEvent({ calendar, item }: FoundItem, ifMatch: string | undefined): void {
  refuseReadOnly(calendar);
  refuseOtherVersion(calendar, item, ifMatch);
  calendar.remove(itemId(item));
}

function refuseReadOnly({ description: { accessRole } }: SimulatedCalendar): void {
  if (accessRole === "owner" || accessRole === "writer") return;
  throw new GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
}

function refuseOtherVersion(calendar: SimulatedCalendar, item: PresentItem, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === "*" || ifMatch === eventEtag(calendar, itemSource(item))) return;
  const message =
    "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.";
  throw new GraphError(412, "ErrorIrresolvableConflict", message);
}

/** Deleted events count, too: a request that is repeated later brings none of them back. */
function refuseKnownTransaction({ account, scenario, hasImmutableIds }: Creation, transactionId: string): void {
  for (const calendar of calendarsOf(account)) {
    const known = calendar.events.find((event) => event.content.transactionId === transactionId);
    if (!known) continue;
    const id = eventIdIn(calendar, known.id, hasImmutableIds);
    const details = scenario.hasExistingEventId ? { "@event.existingEventId": id } : {};
    const status = scenario.duplicateTransactionStatus;
    const message = "Your request can't be completed. The event with the given transactionId already exists.";
    throw new GraphError(status, "ErrorDuplicateTransactionId", message, {}, details);
  }
}

function recurrenceAfter(item: PresentItem, body: EventBody, times: EventTimes | null): string[] | null {
  if (body.recurrence === undefined) return null;
  const source = itemSource(item);
  const isInstance = item.kind === "instance" || source.kind === "exception";
  if (body.recurrence === null) {
    if (source.kind === "series" && !isInstance) throw invalidProperty("A series keeps its recurrence.");
    return null;
  }
  if (isInstance) throw invalidProperty("An instance has no recurrence of its own.");
  return [ruleOf(body.recurrence, firstDay(times ?? source))];
}

function firstDay({ startsAt, isAllDay, timeZone }: EventTimes): string {
  return new Date(isAllDay ? startsAt : wallClockAt(startsAt, timeZone)).toISOString().slice(0, 10);
}

/** The series of an instance or exception. */
function seriesOf(calendar: SimulatedCalendar, item: PresentItem): SeriesEvent | null {
  if (item.kind === "instance") return item.series;
  const series = item.event.kind === "exception" ? calendar.stored(item.event.recurringEventId) : undefined;
  return series?.kind === "series" ? series : null;
}

/** An instance stays between its neighbours. */
function refuseCrossing(calendar: SimulatedCalendar, series: SeriesEvent, item: PresentItem, times: EventTimes): void {
  const original = item.kind === "instance" ? item.originalStartsAt : originalOf(item.event);
  const starts = calendar.expansions.startsOf(series);
  const index = firstIndexFrom(starts, original);
  const before = neighbourTimes(series, starts.slice(0, index).reverse());
  const after = neighbourTimes(series, starts.slice(index + 1));
  if ((!before || times.startsAt >= before.endsAt) && (!after || times.endsAt <= after.startsAt)) return;
  const message = "Modified occurrence is crossing or overlapping adjacent occurrence.";
  throw new GraphError(400, "ErrorOccurrenceCrossingBoundary", message);
}

function originalOf(event: StoredEvent): number {
  return event.kind === "exception" ? event.originalStartsAt : event.startsAt;
}

/** When the nearest instance is that was not deleted. */
function neighbourTimes(
  series: SeriesEvent,
  starts: readonly number[],
): Pick<EventTimes, "startsAt" | "endsAt"> | null {
  for (const startsAt of starts) {
    const exception = exceptionAt(series, startsAt);
    if (!exception) return { startsAt, endsAt: startsAt + series.endsAt - series.startsAt };
    if (exception.status !== "cancelled") return exception;
  }
  return null;
}

function withRule<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    throw error instanceof RecurrenceError ? invalidProperty(error.message) : error;
  }
}
