import type { SimulatedCalendar } from "./calendar.js";
import { externalEventId } from "./external-id.js";
import { isCancelled, itemId, itemSource, itemTimes, walkItems } from "./walk.js";
import type { Item } from "./walk.js";

/** One thing that a client of a calendar should see. Times are UTC; all-day ones are midnight UTC, with an exclusive end. */
export interface Occurrence {
  /** As a client of the provider's API sees it; for Microsoft the immutable id. */
  id: string;
  title: string;
  startsAt: string;
  endsAt: string;
  isAllDay: boolean;
  status: "confirmed" | "tentative";
}

/**
 * What overlaps `from` (inclusive) to `to` (exclusive), by start and id: what ends after `from` and starts before `to`; what has no
 * length counts where it starts at or after `from`. Series are expanded, cancelled ones left out.
 */
export function occurrences(calendar: SimulatedCalendar, from: number, to: number): Occurrence[] {
  const range = { from: from - 1, to };
  const found: Occurrence[] = [];
  for (const { item } of walkItems(calendar, { isExpanded: true, range, changes: null }, { place: 0 })) {
    const { startsAt, endsAt } = itemTimes(item);
    if (isCancelled(item) || itemSource(item).content.isCalledOff) continue;
    if (endsAt > from || startsAt >= from) found.push(occurrence(calendar, item));
  }
  return found.sort((a, b) => (a.startsAt === b.startsAt ? compare(a.id, b.id) : compare(a.startsAt, b.startsAt)));
}

function occurrence(calendar: SimulatedCalendar, item: Item): Occurrence {
  const { startsAt, endsAt, isAllDay } = itemTimes(item);
  const source = itemSource(item);
  return {
    id: externalEventId(calendar, itemId(item)),
    title: source.content.title ?? "",
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    isAllDay,
    status: source.status === "tentative" ? "tentative" : "confirmed",
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
