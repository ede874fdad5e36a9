import type { CalendarEvent, ChangePage, ChangeRange } from "../../src/providers/provider.js";
import type { Occurrence } from "../../src/simulator/occurrences.js";

/** A calendar's events as a client knows them that does nothing but apply what a provider tells. */
export class CalendarCopy {
  readonly #events = new Map<string, CalendarEvent>();
  cursor: string | null = null;

  apply(page: ChangePage): void {
    for (const change of page.changes) {
      if (change.kind === "event") this.#events.set(change.event.externalEventId, change.event);
      if (change.kind === "removed") this.#remove(change.externalEventId);
    }
    this.cursor = page.nextCursor;
  }

  /** The id may be a series': then all its occurrences go. */
  #remove(id: string): void {
    this.#events.delete(id);
    for (const { externalEventId, recurringEventId } of this.#events.values()) {
      if (recurringEventId === id) this.#events.delete(externalEventId);
    }
  }

  /** In the simulator's words and order, to be compared with what it says a client should see. */
  occurrences({ windowStart, windowEnd }: Exclude<ChangeRange, { cursor: string }>): Occurrence[] {
    const [from, to] = [windowStart.toISOString(), windowEnd.toISOString()];
    return [...this.#events.values()]
      .filter(({ startsAt, endsAt }) => startsAt < to && (endsAt > from || startsAt >= from))
      .map((event) => ({
        id: event.externalEventId,
        title: event.title,
        startsAt: event.startsAt,
        endsAt: event.endsAt,
        isAllDay: event.isAllDay,
        status: event.isTentative ? ("tentative" as const) : ("confirmed" as const),
      }))
      .sort((one, other) => compare(one.startsAt, other.startsAt) || compare(one.id, other.id));
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
