import type { SimulatedCalendar } from "./calendar.js";
import { calendarKey, decodeEventId, eventIdIn, graphCalendarId } from "./microsoft/graph-id.js";

/** Ids as a client of a provider's API sees them. Google's are the simulator's own; Microsoft's are opaque. */

/** The id of an event or an instance; for Microsoft the immutable one, which a client gets that asks for immutable ids. */
export function externalEventId(calendar: SimulatedCalendar, id: string): string {
  return calendar.provider === "google" ? id : eventIdIn(calendar, id, true);
}

export function externalCalendarId(calendar: SimulatedCalendar): string {
  return calendar.provider === "google" ? calendar.description.id : graphCalendarId(calendarKey(calendar));
}

/** The simulator's own id for either form: what a client sees, or already its own. */
export function internalEventId(calendar: SimulatedCalendar, id: string): string {
  return calendar.provider === "google" ? id : (decodeEventId(id)?.id ?? id);
}
