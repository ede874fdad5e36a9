import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { badArgument } from "../errors.js";

export interface Bounds {
  start: Date;
  end: Date;
}

const longestYears = 5;

/**
 * The bounds of a resync: null for the connection's whole window. One bound alone goes to the edge of the window.
 * @throws AppError BAD_USER_INPUT naming the argument
 */
export function resyncBounds(
  connection: Pick<CalendarConnection, "windowStart" | "windowEnd">,
  asked: { startDate: Date | null; endDate: Date | null },
): Bounds | null {
  if (asked.startDate === null && asked.endDate === null) return null;
  const start = asked.startDate ?? connection.windowStart;
  const end = asked.endDate ?? connection.windowEnd;
  if (start === null) throw badArgument("startDate", "startDate is needed: this connection has no window yet.");
  if (end === null) throw badArgument("endDate", "endDate is needed: this connection has no window yet.");
  if (end <= start) throw badArgument("endDate", "Must be after start_date.");
  if (end > yearsAfter(start, longestYears)) throw badArgument("endDate", "The range may span at most 5 years.");
  return { start, end };
}

function yearsAfter(instant: Date, years: number): Date {
  const later = new Date(instant);
  later.setUTCFullYear(later.getUTCFullYear() + years);
  return later;
}
