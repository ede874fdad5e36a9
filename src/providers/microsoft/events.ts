import { z } from "zod";
import { eventTimes, type EventTimes } from "../event-times.js";
import type { EventChange } from "../provider.js";
import { cleanText, isUsableEventId } from "../text.js";
import { ianaTimeZoneOfMicrosoft, instantInZone } from "../time-zone.js";
import { eventKeyOfTransaction } from "./event-key.js";

/** What is asked of each event where Graph lets one choose: bodies and attendees would make pages of many megabytes. */
export const eventFields =
  "id,type,seriesMasterId,subject,showAs,isCancelled,isAllDay,start,end,originalStartTimeZone,recurrence,transactionId";

/** What a series' occurrences have in common. */
export interface Series {
  title: string;
  isTentative: boolean;
  isCancelled: boolean;
  isAllDay: boolean;
  timeZone: string | null;
}

/** An occurrence as change rounds tell it: only with its times; the rest is its series'. */
export interface BareOccurrence {
  id: string;
  seriesId: string;
  found: object;
}

/** What a resource of a list of events is. */
export type ListedItem =
  | { kind: "change"; change: EventChange }
  /** The master of a series, which is no occurrence itself. */
  | { kind: "series"; id: string; series: Series }
  | { kind: "occurrence"; occurrence: BareOccurrence };

const eventId = z.string().refine(isUsableEventId);
const identity = z.looseObject({
  id: eventId,
  type: z.string().nullish().catch(null),
  isCancelled: z.boolean().nullish().catch(null),
});
const membership = z.object({ seriesMasterId: eventId, subject: z.undefined().optional() });

/** Reads a resource of a list of events. Never throws; the reasons of what is skipped name fields, not their content. */
export function listedItemOf(resource: unknown): ListedItem {
  const identified = identity.safeParse(resource);
  if (!identified.success) return changed({ kind: "skipped", externalEventId: null, reason: "no usable id" });
  const { data: found } = identified;
  const { id } = found;
  if (found["@removed"] != null) return changed({ kind: "missing", externalEventId: id });
  if (found.type === "seriesMaster") return { kind: "series", id, series: seriesOf(found) };
  if (found.isCancelled === true) return changed({ kind: "removed", externalEventId: id });
  const occurrence = membership.safeParse(found);
  if (occurrence.success)
    return { kind: "occurrence", occurrence: { id, seriesId: occurrence.data.seriesMasterId, found } };
  return changed(eventOf(id, found, null));
}

/** An occurrence with what it has from its series. */
export function joined({ id, found }: BareOccurrence, series: Series): EventChange {
  return series.isCancelled ? { kind: "removed", externalEventId: id } : eventOf(id, found, series);
}

function changed(change: EventChange): ListedItem {
  return { kind: "change", change };
}

const zoneName = z.string().nullish().catch(null);
const shared = z.object({
  subject: z.string().nullish().catch(null),
  showAs: z.string().nullish().catch(null),
  isCancelled: z.boolean().nullish().catch(null),
  isAllDay: z.boolean().nullish().catch(null),
  originalStartTimeZone: zoneName,
  recurrence: z
    .object({ range: z.object({ recurrenceTimeZone: zoneName }) })
    .nullish()
    .catch(null),
});

/** A broken master still names its series: what cannot be read is as if it were not there. */
function seriesOf(found: object): Series {
  const { subject, showAs, isCancelled, isAllDay, originalStartTimeZone, recurrence } = shared.parse(found);
  return {
    title: cleanText(subject ?? ""),
    isTentative: showAs === "tentative",
    isCancelled: isCancelled ?? false,
    isAllDay: isAllDay ?? false,
    timeZone: ianaTimeZoneOfMicrosoft(recurrence?.range.recurrenceTimeZone ?? originalStartTimeZone),
  };
}

/** Graph's times have up to seven decimals and no offset: their zone stands beside them. */
const eventTime = z.object({ dateTime: z.iso.datetime({ local: true }), timeZone: zoneName });
type EventTime = z.output<typeof eventTime>;

const event = z.object({
  subject: z.string().nullish(),
  showAs: z.string().nullish().catch(null),
  isAllDay: z.boolean().nullish(),
  seriesMasterId: eventId.nullish().catch(null),
  originalStartTimeZone: zoneName,
  transactionId: z.string().nullish().catch(null),
  start: eventTime,
  end: eventTime,
});

function eventOf(id: string, found: object, series: Series | null): EventChange {
  const parsed = event.safeParse(found);
  if (!parsed.success) return skipped(id, `malformed ${parsed.error.issues[0]?.path.join(".") ?? "event"}`);
  const { subject, showAs, isAllDay, seriesMasterId, originalStartTimeZone, transactionId, start, end } = parsed.data;
  const times = timesOf(start, end, isAllDay ?? series?.isAllDay ?? false);
  if (typeof times === "string") return skipped(id, times);
  return {
    kind: "event",
    event: {
      externalEventId: id,
      recurringEventId: seriesMasterId ?? null,
      title: series?.title ?? cleanText(subject ?? ""),
      isTentative: showAs == null ? (series?.isTentative ?? false) : showAs === "tentative",
      ...times,
      timeZone: ianaTimeZoneOfMicrosoft(originalStartTimeZone) ?? series?.timeZone ?? null,
      // Occurrences may come with that of their series.
      eventKey: seriesMasterId == null ? eventKeyOfTransaction(transactionId) : null,
    },
  };
}

function skipped(externalEventId: string, reason: string): EventChange {
  return { kind: "skipped", externalEventId, reason };
}

function timesOf(start: EventTime, end: EventTime, isAllDay: boolean): EventTimes | string {
  const startsAt = isAllDay ? dayOf(start) : instantOf(start);
  const endsAt = isAllDay ? dayOf(end) : instantOf(end);
  if (startsAt === null || endsAt === null) return "a time in a zone that is not known";
  return eventTimes(startsAt, endsAt, isAllDay);
}

/** Whole days begin and end at midnight of whatever zone Graph names beside them. */
function dayOf({ dateTime }: EventTime): number {
  return Date.parse(dateTime.slice(0, 10));
}

/** We ask for UTC, but the zone beside a time is what counts. */
function instantOf({ dateTime, timeZone }: EventTime): number | null {
  const localTime = Date.parse(dateTime.endsWith("Z") ? dateTime : `${dateTime}Z`);
  const zone = timeZone ? ianaTimeZoneOfMicrosoft(timeZone) : "UTC";
  return zone === null ? null : instantInZone(localTime, zone);
}
