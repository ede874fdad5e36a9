import type { CalendarEvent } from "./provider.js";

export type EventTimes = Pick<CalendarEvent, "startsAt" | "endsAt" | "isAllDay">;

const earliest = Date.parse("0001-01-01T00:00:00Z");
const latest = Date.parse("9999-12-31T23:59:59.999Z");

/** The times of an event from milliseconds since 1970, or why it cannot have them. */
export function eventTimes(startsAt: number, endsAt: number, isAllDay: boolean): EventTimes | string {
  if (endsAt < startsAt) return "an end before its start";
  if (!isStorable(startsAt) || !isStorable(endsAt)) return "a time outside the years 1 to 9999";
  return { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString(), isAllDay };
}

function isStorable(time: number): boolean {
  return time >= earliest && time <= latest;
}
