import { createHash } from "node:crypto";
import type ICAL from "ical.js";
import type { EventInput, InstanceInput, SourceEvent } from "../calendar-source.js";
import type { Attendee } from "../event.js";
import { eventIdOf } from "../identifiers.js";
import { eventTimes, instantOfMoment } from "../moment.js";
import type { Moment } from "../moment.js";
import { expandSeries } from "../recurrence.js";
import type { IcsZones } from "./ics-zone.js";

/** A property as jCal has it: name, parameters, type, values. */
type JCalProperty = [string, Record<string, string | string[]>, string, ...unknown[]];

interface ReadEvent {
  uid: string | null;
  input: EventInput;
  recurrenceId: Moment | null;
  isCancelled: boolean;
}

/**
 * The events of iCalendar calendars. Cancelled events are left out, those without a readable start too; changed instances go with
 * their series, and stand alone where the series does not have them. Ids come from UIDs, or from the content where there is none.
 */
export function readEvents(calendars: readonly ICAL.Component[], zones: IcsZones, usualZone: string): SourceEvent[] {
  const components = calendars.flatMap((calendar) => calendar.getAllSubcomponents("vevent"));
  const read = components.map((component) => readEvent(component, zones, usualZone)).filter((event) => event !== null);
  const masters = withIds(read.filter((event) => event.recurrenceId === null && !event.isCancelled));
  for (const master of masters) refuseUnexpandable(master, usualZone);
  const series = new Map(masters.filter(({ recurrence }) => recurrence).map((event) => [event.uid ?? "", event]));
  const alone: SourceEvent[] = [];
  for (const event of read) {
    if (event.recurrenceId === null) continue;
    const master = series.get(event.uid ?? "");
    if (master && hasInstance(master, event.recurrenceId, usualZone)) addInstance(master, event, event.recurrenceId);
    else if (!event.isCancelled)
      alone.push({ ...event.input, id: eventIdOf(JSON.stringify([event.uid, event.recurrenceId])) });
  }
  return [...masters, ...alone];
}

function readEvent(component: ICAL.Component, zones: IcsZones, usualZone: string): ReadEvent | null {
  const properties = component.getAllProperties().map((property) => property.toJSON() as JCalProperty);
  const first = (name: string) => properties.find((property) => property[0] === name);
  const start = momentOf(first("dtstart"), zones, usualZone);
  if (!start) return null;
  const end = endOf(component, start, momentOf(first("dtend"), zones, usualZone), usualZone);
  const recurrenceId = momentOf(first("recurrence-id"), zones, usualZone);
  const recurrence = recurrenceId ? [] : recurrenceLines(component, properties, zones);
  const uid = text(first("uid"));
  return {
    uid,
    input: {
      uid: uid ?? undefined,
      start,
      end,
      ...(recurrence.length > 0 ? { recurrence } : {}),
      ...contentOf(properties, first),
    },
    recurrenceId,
    isCancelled: text(first("status"))?.toUpperCase() === "CANCELLED",
  };
}

function contentOf(properties: readonly JCalProperty[], first: (name: string) => JCalProperty | undefined) {
  const visibility = text(first("class"))?.toLowerCase();
  const attendees = properties
    .filter(([name]) => name === "attendee")
    .map(attendeeOf)
    .filter((attendee) => attendee !== null);
  return {
    title: text(first("summary")) ?? undefined,
    description: text(first("description")) ?? undefined,
    location: text(first("location")) ?? undefined,
    status: text(first("status"))?.toUpperCase() === "TENTATIVE" ? ("tentative" as const) : undefined,
    transparency: text(first("transp"))?.toUpperCase() === "TRANSPARENT" ? "transparent" : undefined,
    visibility: visibility === "private" || visibility === "confidential" ? visibility : undefined,
    organizerEmail: emailOf(text(first("organizer"))) ?? undefined,
    attendees: attendees.length > 0 ? attendees : undefined,
  };
}

function text(property: JCalProperty | undefined): string | null {
  const value = property?.[3];
  return typeof value === "string" && value !== "" ? value : null;
}

function emailOf(address: string | null): string | null {
  const email = address?.replace(/^mailto:/i, "") ?? "";
  return /^[^@\s]+@[^@\s]+$/.test(email) ? email : null;
}

const RESPONSES: Readonly<Record<string, Attendee["responseStatus"]>> = {
  ACCEPTED: "accepted",
  DECLINED: "declined",
  TENTATIVE: "tentative",
};

function attendeeOf(property: JCalProperty): Attendee | null {
  const email = emailOf(text(property));
  if (email === null) return null;
  const name = property[1]["cn"];
  const responseStatus = RESPONSES[String(property[1]["partstat"])] ?? "needsAction";
  return { email, responseStatus, ...(typeof name === "string" && name !== "" ? { displayName: name } : {}) };
}

function momentOf(property: JCalProperty | undefined, zones: IcsZones, usualZone: string): Moment | null {
  const value = text(property);
  if (!property || value === null || Number.isNaN(Date.parse(value))) return null;
  if (property[2] === "date") return { date: value.slice(0, 10) };
  const tzid = property[1]["tzid"];
  if (value.endsWith("Z")) return { dateTime: value, timeZone: "UTC" };
  return { dateTime: value, timeZone: typeof tzid === "string" ? zones.zone(tzid) : usualZone };
}

/** The written end, else the start and the duration, else a day or no time at all. An end of another kind or before the start is mended. */
function endOf(component: ICAL.Component, start: Moment, end: Moment | null, usualZone: string): Moment {
  const given = end ?? endByDuration(component, start, usualZone);
  const mended = given && "date" in given !== "date" in start ? alike(given, start) : given;
  try {
    if (mended) eventTimes(start, mended, usualZone);
    return mended ?? leastEnd(start);
  } catch {
    return leastEnd(start);
  }
}

function alike(end: Moment, start: Moment): Moment {
  if ("date" in start) return { date: "date" in end ? end.date : end.dateTime.slice(0, 10) };
  return { dateTime: "date" in end ? `${end.date}T00:00:00` : end.dateTime, timeZone: start.timeZone };
}

function leastEnd(start: Moment): Moment {
  return "date" in start ? { date: dayLater(start.date, 1) } : start;
}

function dayLater(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

function endByDuration(component: ICAL.Component, start: Moment, usualZone: string): Moment | null {
  const duration = component.getFirstPropertyValue("duration");
  if (duration === null || typeof duration !== "object" || !("toSeconds" in duration)) return null;
  const seconds = duration.toSeconds();
  if ("date" in start) return { date: dayLater(start.date, Math.max(1, Math.round(seconds / 86_400))) };
  const { startsAt, timeZone } = eventTimes(start, start, usualZone);
  return { dateTime: new Date(startsAt + seconds * 1000).toISOString(), timeZone };
}

function recurrenceLines(component: ICAL.Component, properties: readonly JCalProperty[], zones: IcsZones): string[] {
  const rules = component.getAllProperties("rrule").map((property) => property.toICALString());
  const dates = properties
    .filter(([name]) => name === "rdate" || name === "exdate")
    .map((property) => datesLine(property, zones));
  return rules.length > 0 || dates.some((line) => line.startsWith("RDATE")) ? [...rules, ...dates] : [];
}

function datesLine([name, parameters, type, ...values]: JCalProperty, zones: IcsZones): string {
  const tzid = parameters["tzid"];
  const zone = typeof tzid === "string" ? `;TZID=${zones.zone(tzid)}` : "";
  const compact = values.map((value) => String(Array.isArray(value) ? value[0] : value).replace(/[-:]/g, ""));
  return `${name.toUpperCase()}${type === "date" ? ";VALUE=DATE" : zone}:${compact.join(",")}`;
}

/** Two events with the same UID, and events without one, still need ids of their own, the same ones at every reading. */
function withIds(events: readonly ReadEvent[]): SourceEventWithInstances[] {
  const seen = new Map<string, number>();
  return events.map(({ uid, input }) => {
    const key = uid ?? createHash("sha256").update(JSON.stringify(input)).digest("hex");
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    return { ...input, id: eventIdOf(ordinal === 0 ? key : `${key}#${ordinal}`) };
  });
}

type SourceEventWithInstances = SourceEvent & { instances?: InstanceInput[] };

/** Throws RecurrenceError now rather than when somebody looks at the calendar. */
function refuseUnexpandable(master: SourceEvent, usualZone: string): void {
  if (!master.recurrence) return;
  const start = eventTimes(master.start, master.end, usualZone);
  expandSeries(master.recurrence, start, new Date(start.startsAt).getUTCFullYear());
}

function hasInstance(master: SourceEvent, recurrenceId: Moment, usualZone: string): boolean {
  const start = eventTimes(master.start, master.end, usualZone);
  const original = instantOfMoment(recurrenceId, start.timeZone);
  const year = new Date(Math.max(original, start.startsAt)).getUTCFullYear();
  return expandSeries(master.recurrence ?? [], start, year).includes(original);
}

function addInstance(master: SourceEventWithInstances, event: ReadEvent, recurrenceId: Moment): void {
  master.instances ??= [];
  master.instances.push({
    ...event.input,
    originalStart: recurrenceId,
    ...(event.isCancelled ? { isCancelled: true } : {}),
  });
}
