import type { SimulatedCalendar } from "../calendar.js";
import type { EventContent, StoredEvent } from "../event.js";
import { formatInZone } from "../time-zone.js";
import { isCancelled, itemId, itemSource, itemTimes } from "../walk.js";
import type { Item } from "../walk.js";

export interface ResourceOptions {
  /** The zone times are printed in; each still names the event's own. */
  timeZone: string;
  maxAttendees: number | null;
  /** A deleted event as it is, instead of only what the service guarantees of one. */
  isCancelledInFull?: boolean;
}

/** An event as the Calendar API sends it. */
export function eventResource(
  calendar: SimulatedCalendar,
  item: Item,
  options: ResourceOptions,
): Record<string, unknown> {
  const source = itemSource(item);
  const isGone = isCancelled(item);
  const identity = {
    kind: "calendar#event",
    etag: eventEtag(source),
    id: itemId(item),
    status: isGone ? "cancelled" : source.status,
  };
  if (isGone && !options.isCancelledInFull) return { ...identity, ...originOf(item, options) };
  if (calendar.description.accessRole === "freeBusyReader")
    return { ...identity, ...when(item, options), ...originOf(item, options), visibility: "private" };
  return { ...identity, ...fullResource(calendar, item, source, options) };
}

/** An event's version, which every change of it makes another; that of an instance is its series'. */
export function eventEtag(event: { seq: number }): string {
  return `"${3_000_000_000_000_000 + event.seq * 2}"`;
}

function fullResource(calendar: SimulatedCalendar, item: Item, source: StoredEvent, options: ResourceOptions) {
  const { content } = source;
  const owner = calendar.description.id;
  const organizer = content.organizerEmail ?? owner;
  return {
    htmlLink: `https://www.google.com/calendar/event?eid=${Buffer.from(`${itemId(item)} ${owner}`).toString("base64url")}`,
    created: new Date(source.createdAt).toISOString(),
    updated: new Date(source.updatedAt).toISOString(),
    ...text(content),
    creator: { email: organizer, ...(organizer === owner ? { self: true } : {}) },
    organizer: {
      email: organizer,
      displayName: calendar.description.name,
      ...(organizer === owner ? { self: true } : {}),
    },
    ...when(item, options),
    ...(item.kind === "event" && source.kind === "series" ? { recurrence: source.recurrence } : {}),
    ...originOf(item, options),
    ...choices(content),
    iCalUID: source.uid,
    sequence: source.sequence,
    ...attendeesOf(content, owner, options.maxAttendees),
    ...extendedProperties(content),
    reminders: { useDefault: true },
    eventType: content.eventType,
  };
}

function text(content: EventContent) {
  return {
    ...(content.title === undefined ? {} : { summary: content.title }),
    ...(content.description === undefined ? {} : { description: content.description }),
    ...(content.location === undefined ? {} : { location: content.location }),
  };
}

function choices(content: EventContent) {
  return {
    ...(content.transparency === undefined ? {} : { transparency: content.transparency }),
    ...(content.visibility === undefined ? {} : { visibility: content.visibility }),
  };
}

function when(item: Item, options: ResourceOptions) {
  const { startsAt, endsAt, isAllDay } = itemTimes(item);
  const { timeZone } = itemSource(item);
  return { start: moment(startsAt, isAllDay, timeZone, options), end: moment(endsAt, isAllDay, timeZone, options) };
}

function moment(instant: number, isAllDay: boolean, timeZone: string, options: ResourceOptions) {
  if (isAllDay) return { date: new Date(instant).toISOString().slice(0, 10) };
  return { dateTime: formatInZone(instant, options.timeZone), timeZone };
}

/** What ties an instance to its series. */
function originOf(item: Item, options: ResourceOptions) {
  if (item.kind === "formerSingle") return {};
  if (item.kind === "event") {
    if (item.event.kind !== "exception") return {};
    const { recurringEventId, originalStartsAt, isOriginalAllDay, timeZone } = item.event;
    return { recurringEventId, originalStartTime: moment(originalStartsAt, isOriginalAllDay, timeZone, options) };
  }
  const { startsAt, isAllDay } = itemTimes(item);
  return {
    recurringEventId: item.series.id,
    originalStartTime: moment(startsAt, isAllDay, item.series.timeZone, options),
  };
}

function attendeesOf({ attendees }: EventContent, owner: string, most: number | null) {
  if (!attendees) return {};
  const shown = attendees.map((attendee) => ({
    ...attendee,
    responseStatus: attendee.responseStatus ?? "needsAction",
    ...(attendee.email === owner ? { self: true } : {}),
  }));
  if (most === null || shown.length <= most) return { attendees: shown };
  return { attendees: shown.filter(({ email }) => email === owner), attendeesOmitted: true };
}

function extendedProperties({ privateProperties, sharedProperties }: EventContent) {
  if (!privateProperties && !sharedProperties) return {};
  return {
    extendedProperties: {
      ...(privateProperties ? { private: privateProperties } : {}),
      ...(sharedProperties ? { shared: sharedProperties } : {}),
    },
  };
}
