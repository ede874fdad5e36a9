import type { EventTimes } from "../event.js";
import { eventTimes, MomentError } from "../moment.js";
import { wallClockAt } from "../time-zone.js";
import type { EventBody } from "./event-body.js";
import { GraphError, invalidProperty, unsupportedZone } from "./graph-error.js";
import { ianaZone } from "./zone-name.js";

type WrittenMoment = NonNullable<EventBody["start"]>;

/** The times of an event after a change; null where the change does not name them. Throws GraphError 400. */
export function timesAfter(known: EventTimes | null, body: EventBody): EventTimes | null {
  const { start, end, isAllDay } = body;
  if (known && !start && !end && isAllDay === undefined) return null;
  const [from, to] = [start ?? writtenOf(known, "startsAt"), end ?? writtenOf(known, "endsAt")];
  if (!from || !to) throw invalidProperty("At least one property failed validation.");
  return (isAllDay ?? known?.isAllDay ?? false) ? allDayTimes(from, to) : timedTimes(from, to);
}

/** A known bound as a client would write it, in the event's own zone. */
function writtenOf(known: EventTimes | null, bound: "startsAt" | "endsAt"): WrittenMoment | null {
  if (!known) return null;
  const wallClock = known.isAllDay ? known[bound] : wallClockAt(known[bound], known.timeZone);
  return { dateTime: new Date(wallClock).toISOString().slice(0, 19), timeZone: known.timeZone };
}

function timedTimes(from: WrittenMoment, to: WrittenMoment): EventTimes {
  const [start, end] = [momentOf(from), momentOf(to)];
  return orRefusal(() => eventTimes(start, end, start.timeZone));
}

function allDayTimes(from: WrittenMoment, to: WrittenMoment): EventTimes {
  const zone = zoneOf(from);
  if (zone !== zoneOf(to))
    throw invalidProperty("The start and end of an all-day event need to be in the same time zone.");
  const [first, last] = [dayOf(from, "Start"), dayOf(to, "End")];
  if (first === last) throw tooShort();
  return orRefusal(() => eventTimes({ date: first }, { date: last }, zone));
}

function momentOf(written: WrittenMoment) {
  return { dateTime: written.dateTime, timeZone: zoneOf(written) };
}

function zoneOf({ timeZone }: WrittenMoment): string {
  const zone = ianaZone(timeZone ?? "");
  if (zone === null) throw unsupportedZone(timeZone ?? "");
  return zone;
}

function dayOf({ dateTime }: WrittenMoment, name: string): string {
  const day = /^(\d{4}-\d\d-\d\d)(?:T00:00(?::00(?:\.0+)?)?)?$/.exec(dateTime)?.[1];
  if (day !== undefined) return day;
  throw invalidProperty(`The Event.${name} property for an all-day event needs to be set to midnight.`);
}

function tooShort(): GraphError {
  const message =
    "Your request can't be completed. The duration of an event marked as All day must be at least 24 hours.";
  return new GraphError(400, "ErrorInvalidRequest", message);
}

function orRefusal(read: () => EventTimes): EventTimes {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MomentError)) throw error;
    throw invalidProperty(`At least one property failed validation: ${error.message}.`);
  }
}
