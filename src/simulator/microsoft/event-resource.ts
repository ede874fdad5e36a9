import type { SimulatedCalendar } from "../calendar.js";
import type { StoredEvent } from "../event.js";
import { wallClockAt } from "../time-zone.js";
import { itemId, itemSource, itemTimes } from "../walk.js";
import type { Item } from "../walk.js";
import { contentOf } from "./event-content.js";
import type { EventView } from "./event-view.js";
import { eventIdIn } from "./graph-id.js";
import type { Preferences } from "./preferences.js";
import { patternedRecurrence } from "./recurrence-pattern.js";
import { windowsZone } from "./zone-name.js";

/** Both kinds of items that exist: what is gone has no resource. */
export type PresentItem = Extract<Item, { kind: "event" | "instance" }>;

const CUSTOM_ZONE = "tzone://Microsoft/Custom";

/** An event as Graph sends it in full. */
export function eventResource(view: EventView, item: PresentItem): Record<string, unknown> {
  const source = itemSource(item);
  return {
    "@odata.etag": eventEtag(view.calendar, source),
    id: idOf(view, itemId(item)),
    ...recordOf(view, source),
    ...contentOf(view, source),
    ...seriesOf(view, item, source),
    ...timesOf(view, item),
  };
}

/** What a change round tells of an instance as its series has it: little more than when it is. */
export function occurrenceResource(view: EventView, item: PresentItem): Record<string, unknown> {
  const source = itemSource(item);
  return {
    "@odata.etag": eventEtag(view.calendar, source),
    seriesMasterId: idOf(view, source.id),
    type: "occurrence",
    id: idOf(view, itemId(item)),
    ...startAndEnd(view, item),
  };
}

export function idOf({ calendar, preferences }: EventView, id: string): string {
  return eventIdIn(calendar, id, preferences.hasImmutableIds);
}

export function eventEtag(calendar: SimulatedCalendar, event: StoredEvent): string {
  return `W/"${changeKey(calendar, event)}"`;
}

function changeKey(calendar: SimulatedCalendar, { seq }: StoredEvent): string {
  return Buffer.from(`${calendar.description.incarnation}${String(seq).padStart(14, "0")}`).toString("base64");
}

function recordOf(view: EventView, source: StoredEvent) {
  const zone = originalZone(view, source.timeZone);
  return {
    createdDateTime: instant(source.createdAt),
    lastModifiedDateTime: instant(source.updatedAt),
    changeKey: changeKey(view.calendar, source),
    categories: [],
    transactionId: source.kind === "exception" ? null : (source.content.transactionId ?? null),
    originalStartTimeZone: zone,
    originalEndTimeZone: zone,
    iCalUId: source.uid,
    reminderMinutesBeforeStart: 15,
    isReminderOn: true,
    hasAttachments: false,
    importance: "normal",
    responseRequested: true,
    allowNewTimeProposals: true,
    isDraft: false,
    hideAttendees: false,
    isOnlineMeeting: false,
    onlineMeetingProvider: "unknown",
    onlineMeeting: null,
    onlineMeetingUrl: null,
    webLink: `https://outlook.office365.com/owa/?itemid=${encodeURIComponent(idOf(view, source.id))}&exvsurl=1&path=/calendar/item`,
  };
}

function originalZone({ scenario }: EventView, zone: string): string {
  return { windows: windowsZone(zone), iana: zone, custom: CUSTOM_ZONE }[scenario.originalTimeZone];
}

/** What tells a series, its instances and a single event apart. */
function seriesOf(view: EventView, item: PresentItem, source: StoredEvent) {
  if (item.kind === "instance") {
    const originalStart = seconds(item.originalStartsAt);
    return { type: "occurrence", seriesMasterId: idOf(view, item.series.id), recurrence: null, originalStart };
  }
  if (source.kind === "exception") {
    const originalStart = seconds(source.originalStartsAt);
    return { type: "exception", seriesMasterId: idOf(view, source.recurringEventId), recurrence: null, originalStart };
  }
  const isSeries = source.kind === "series";
  return {
    type: isSeries ? "seriesMaster" : "singleInstance",
    seriesMasterId: null,
    recurrence: isSeries ? patternedRecurrence(source) : null,
  };
}

function timesOf(view: EventView, item: PresentItem) {
  return { isAllDay: itemTimes(item).isAllDay, ...startAndEnd(view, item) };
}

function startAndEnd({ preferences }: EventView, item: PresentItem) {
  const { startsAt, endsAt, isAllDay } = itemTimes(item);
  return { start: moment(startsAt, isAllDay, preferences), end: moment(endsAt, isAllDay, preferences) };
}

/** All-day events are from midnight to midnight in whatever zone is asked for. */
function moment(at: number, isAllDay: boolean, { zone }: Preferences) {
  const wallClock = isAllDay ? at : wallClockAt(at, zone.iana);
  return { dateTime: `${new Date(wallClock).toISOString().slice(0, 19)}.0000000`, timeZone: zone.name };
}

function instant(at: number): string {
  return new Date(at).toISOString().replace("Z", "0000Z");
}

function seconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
