import { instantOf, isTimeZone } from "./time-zone.js";
import type { EventTimes } from "./event.js";

/**
 * A start or end as a person writes it: a day, a wall-clock time in a zone, or an instant (`Z` or an offset). An instant may
 * name the zone the event belongs to.
 */
export type Moment = { date: string } | { dateTime: string; timeZone?: string | undefined };

/** A start or end that cannot be meant. The message is for whoever wrote it. */
export class MomentError extends Error {
  override name = "MomentError";
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const DATE_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/;

/** The times of an event. Throws MomentError where a part cannot be read, the parts do not fit or the end is before the start. */
export function eventTimes(start: Moment, end: Moment, defaultTimeZone: string): EventTimes {
  const isAllDay = "date" in start;
  if (isAllDay !== "date" in end) throw new MomentError("start and end are both days or both times");
  const timeZone = ("dateTime" in start ? start.timeZone : undefined) ?? defaultTimeZone;
  if (!isTimeZone(timeZone)) throw new MomentError(`unknown time zone: ${timeZone}`);
  const startsAt = instantOfMoment(start, timeZone);
  const endsAt = instantOfMoment(end, timeZone);
  if (endsAt < startsAt || (isAllDay && endsAt === startsAt)) throw new MomentError("the end is not after the start");
  return { startsAt, endsAt, isAllDay, timeZone };
}

/** A moment's instant; one that names no zone is in `defaultTimeZone`. Throws MomentError. */
export function instantOfMoment(moment: Moment, defaultTimeZone: string): number {
  if ("date" in moment) return midnight(moment.date);
  return timedInstant(moment.dateTime, moment.timeZone ?? defaultTimeZone);
}

function midnight(date: string): number {
  const value = DATE.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN;
  if (Number.isNaN(value)) throw new MomentError(`not a day: ${date}`);
  return value;
}

function timedInstant(text: string, timeZone: string): number {
  if (!isTimeZone(timeZone)) throw new MomentError(`unknown time zone: ${timeZone}`);
  const match = DATE_TIME.exec(text);
  const value = match ? Date.parse(`${match[1] ?? ""}${match[2] ?? "Z"}`) : NaN;
  if (Number.isNaN(value)) throw new MomentError(`not a time: ${text}`);
  return match?.[2] ? value : instantOf(value, timeZone);
}
