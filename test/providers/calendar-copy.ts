import type { CalendarEvent, ChangePage, EventWindow, KnownEvent } from "../../src/providers/provider.js";
import type { Occurrence } from "../../src/simulator/occurrences.js";

/** A calendar's events as a client knows them that does nothing but apply what a provider tells. */
export class CalendarCopy {
  readonly #events = new Map<string, CalendarEvent>();
  cursor: string | null = null;

  apply(page: ChangePage): void {
    const { changes } = page;
    for (const change of changes)
      if (change.kind === "event") this.#events.set(change.event.externalEventId, change.event);
    for (const change of changes) {
      if (change.kind === "removed" || change.kind === "gone") this.#events.delete(change.externalEventId);
      if (change.kind === "removed") this.#removeSeries(change.externalEventId);
    }
    this.cursor = page.nextCursor;
  }

  /** What is held of the events that a page calls missing and does not tell itself. */
  heldOf(page: ChangePage): KnownEvent[] {
    const missing = new Set(page.changes.flatMap((each) => (each.kind === "missing" ? [each.externalEventId] : [])));
    const told = new Set(page.changes.flatMap((each) => (each.kind === "event" ? [each.event.externalEventId] : [])));
    return this.known().filter(
      ({ externalEventId: id, recurringEventId: series }) =>
        !told.has(id) && (missing.has(id) || (series !== null && missing.has(series))),
    );
  }

  known(): KnownEvent[] {
    return [...this.#events.values()].map(({ externalEventId, recurringEventId, startsAt, endsAt }) => ({
      externalEventId,
      recurringEventId,
      startsAt: new Date(startsAt),
      endsAt: new Date(endsAt),
    }));
  }

  #removeSeries(id: string): void {
    for (const { externalEventId, recurringEventId } of this.#events.values()) {
      if (recurringEventId === id) this.#events.delete(externalEventId);
    }
  }

  /** In the simulator's words and order, to be compared with what it says a client should see. */
  occurrences({ windowStart, windowEnd }: EventWindow): Occurrence[] {
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
