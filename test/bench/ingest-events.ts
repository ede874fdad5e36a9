import { createHash } from "node:crypto";
import type { CalendarEvent, ChangePage } from "../../src/providers/provider.js";

const minuteMs = 60_000;
/** Google's largest. */
const pageSize = 2_500;

/** The same every time; ids as random as a provider's. */
function eventAt(index: number, first: number): CalendarEvent {
  const startsAt = first + index * minuteMs;
  return {
    externalEventId: createHash("md5").update(String(index)).digest("hex").slice(0, 26),
    ...{ recurringEventId: null, title: `Appointment ${index + 1}`, isTentative: false, isAllDay: false },
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(startsAt + 30 * minuteMs).toISOString(),
    ...{ timeZone: "Europe/Berlin", eventKey: null },
  };
}

/** Pages of a calendar with so many events from tomorrow on, as a provider would tell them. */
export function pagesOf(events: number): ChangePage[] {
  const first = Math.floor(Date.now() / minuteMs) * minuteMs;
  return Array.from({ length: Math.ceil(events / pageSize) }, (_, page) => {
    const from = page * pageSize;
    const isLast = from + pageSize >= events;
    const count = Math.min(pageSize, events - from);
    const next = isLast ? null : String(page + 1);
    return {
      changes: Array.from({ length: count }, (_item, index) => ({
        kind: "event" as const,
        event: eventAt(from + index, first),
      })),
      ...{ nextPageToken: next, resumePageToken: next, nextCursor: isLast ? "cursor" : null },
    };
  });
}

/** Their events in the order in which they are told. */
export function eventsOf(pages: readonly ChangePage[]): CalendarEvent[] {
  return pages.flatMap(({ changes }) => changes.flatMap((change) => (change.kind === "event" ? [change.event] : [])));
}
