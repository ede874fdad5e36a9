import { z } from "zod";
import { lastOfEachEvent } from "../each-event-once.js";
import { eventTimes, type EventTimes } from "../event-times.js";
import type { EventChange } from "../provider.js";
import { cleanText, isStorableText, isUsableEventId } from "../text.js";
import { ianaTimeZone } from "../time-zone.js";
import { eventKeyOfGoogleId } from "./event-key.js";

const DAY_MS = 86_400_000;

/** What is asked of each event: descriptions, attendees and attachments would make pages of many megabytes. */
const eventFields = "id,status,summary,recurringEventId,start(date,dateTime,timeZone),end(date,dateTime)";
export const eventListFields = `nextPageToken,nextSyncToken,items(${eventFields})`;
export const instanceListFields = `nextPageToken,items(${eventFields})`;
/** Of one event alone: only a series has a recurrence. */
export const singleEventFields = `${eventFields},recurrence`;
/** Of one that is written: with its version, and the property that tells whether it is ours. */
export const writtenEventFields = `${singleEventFields},etag,extendedProperties/private`;

const eventId = z.string().refine(isUsableEventId);
const token = z.string().min(1).refine(isStorableText);

const instanceList = z.object({ items: z.array(z.unknown()).default([]), nextPageToken: token.nullish() });

/** A page leads either to the next one or to a cursor: without both the round would be lost, with both it is no page of Google's. */
const eventList = instanceList
  .extend({ nextSyncToken: token.nullish() })
  .refine((list) => (list.nextPageToken == null) !== (list.nextSyncToken == null));

const identity = z.object({ id: eventId, status: z.string().nullish() });

const eventTime = z.object({
  date: z.iso.date().nullish(),
  dateTime: z.iso.datetime({ offset: true }).nullish(),
  timeZone: z.string().nullish().catch(null),
});
type EventTime = z.output<typeof eventTime>;

const event = z.object({
  summary: z.string().nullish(),
  recurringEventId: eventId.nullish().catch(null),
  start: eventTime,
  end: eventTime.nullish(),
});

/** What an answer that lists events holds. */
interface ListedEvents {
  changes: EventChange[];
  nextPageToken: string | null;
  nextSyncToken: string | null;
}

/** Reads an answer of events.list. Null where it is none; a broken event is skipped and the page goes on. */
export function eventListOf(answer: unknown): ListedEvents | null {
  const list = eventList.safeParse(answer);
  if (!list.success) return null;
  const { items, nextPageToken, nextSyncToken } = list.data;
  return {
    changes: lastOfEachEvent(items.map(eventChangeOf)),
    nextPageToken: nextPageToken ?? null,
    nextSyncToken: nextSyncToken ?? null,
  };
}

/** Reads an answer of events.instances, which never has a cursor. Null where it is none. */
export function instanceListOf(answer: unknown): ListedEvents | null {
  const list = instanceList.safeParse(answer);
  if (!list.success) return null;
  const { items, nextPageToken } = list.data;
  return { changes: items.map(eventChangeOf), nextPageToken: nextPageToken ?? null, nextSyncToken: null };
}

const series = z.object({ recurrence: z.array(z.unknown()).min(1) });

/** Whether an answer of events.get is a series, which is no event of its own: its occurrences are. */
export function isSeries(answer: unknown): boolean {
  return series.safeParse(answer).success;
}

/** Reads one event of a list. Never throws; the reasons name fields, not their content. */
export function eventChangeOf(found: unknown): EventChange {
  const identified = identity.safeParse(found);
  if (!identified.success) return { kind: "skipped", externalEventId: null, reason: "no usable id" };
  const { id, status } = identified.data;
  if (status === "cancelled") return { kind: "removed", externalEventId: id };
  const parsed = event.safeParse(found);
  if (!parsed.success) return skipped(id, `malformed ${parsed.error.issues[0]?.path.join(".") ?? "event"}`);
  const { start, end, summary, recurringEventId } = parsed.data;
  const times = timesOf(start, end ?? {});
  if (typeof times === "string") return skipped(id, times);
  return {
    kind: "event",
    event: {
      externalEventId: id,
      recurringEventId: recurringEventId ?? null,
      // Private events of others come without a summary.
      title: cleanText(summary ?? ""),
      isTentative: status === "tentative",
      ...times,
      timeZone: ianaTimeZone(start.timeZone),
      eventKey: eventKeyOfGoogleId(id),
    },
  };
}

function skipped(externalEventId: string, reason: string): EventChange {
  return { kind: "skipped", externalEventId, reason };
}

/** Without an end, as in iCalendar: a day for all-day events, zero length for the others. */
function timesOf(start: EventTime, end: Partial<EventTime>): EventTimes | string {
  const isAllDay = start.dateTime == null;
  const startsAt = timeOf(isAllDay ? start.date : start.dateTime);
  if (startsAt === null) return "no start";
  const hasEnd = end.date != null || end.dateTime != null;
  const endsAt = hasEnd ? timeOf(isAllDay ? end.date : end.dateTime) : startsAt + (isAllDay ? DAY_MS : 0);
  if (endsAt === null) return "an end of another kind than its start";
  return eventTimes(startsAt, endsAt, isAllDay);
}

/** Milliseconds since 1970. A date alone is its midnight UTC. */
function timeOf(text: string | null | undefined): number | null {
  return text == null ? null : Date.parse(text);
}
