import type { TimeRange } from "../appointments/time-range.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";

/** Days before and after now that a connection's pulls look at. */
export interface PullWindow {
  pastDays: number;
  futureDays: number;
}

/** A window's far edge may come so much nearer before the window moves. */
const mostDaysBehind = 30;

/** Of a connection; null before its first full round. */
export function windowOf({ windowStart: start, windowEnd: end }: CalendarConnection): TimeRange | null {
  return start && end ? { start, end } : null;
}

export function windowAround(now: Date, { pastDays, futureDays }: PullWindow): TimeRange {
  return { start: daysFrom(now, -pastDays), end: daysFrom(now, futureDays) };
}

/**
 * Where a connection's window has to move, now that time has passed; null while it may stay. It moves when its far edge has come 30 days
 * nearer, or half the days that it reaches ahead where that is less.
 */
export function movedWindow(window: TimeRange, now: Date, days: PullWindow): TimeRange | null {
  const leastDaysAhead = days.futureDays - Math.min(mostDaysBehind, days.futureDays / 2);
  return window.end < daysFrom(now, leastDaysAhead) ? windowAround(now, days) : null;
}

function daysFrom(instant: Date, days: number): Date {
  return new Date(instant.getTime() + days * 24 * 60 * 60 * 1000);
}
