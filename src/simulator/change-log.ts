import type { StoredEvent } from "./event.js";

/** The changes of a calendar by their number. An event counts once, at its last change. */
export class ChangeLog {
  #entries: { seq: number; event: StoredEvent }[] = [];
  #seq = 0;

  get seq(): number {
    return this.#seq;
  }

  /** A change number of its own, for something that concerns no event. */
  advance(): number {
    return ++this.#seq;
  }

  record(event: StoredEvent, eventCount: number): void {
    event.seq = this.advance();
    this.#entries.push({ seq: event.seq, event });
    if (this.#entries.length > 2 * eventCount + 1000) this.#dropOutdated();
  }

  /** The event has left the calendar: no change of it is told any more. */
  forget(event: StoredEvent): void {
    event.seq = -1;
  }

  /** The events went to another calendar, whose numbers they will have: nothing here is about them any more. */
  giveAway(events: readonly StoredEvent[]): void {
    const gone = new Set(events);
    this.#entries = this.#entries.filter((entry) => !gone.has(entry.event));
  }

  /** Events whose last change is after `since` and not after `until`, in the order of their changes. */
  *between(since: number, until: number): Generator<StoredEvent> {
    for (let index = this.#firstAfter(since); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (!entry || entry.seq > until) return;
      if (entry.event.seq === entry.seq) yield entry.event;
    }
  }

  restore(events: readonly StoredEvent[], seq: number): void {
    this.#entries = events.map((event) => ({ seq: event.seq, event })).sort((a, b) => a.seq - b.seq);
    this.#seq = seq;
  }

  #firstAfter(since: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.seq ?? 0) <= since) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropOutdated(): void {
    this.#entries = this.#entries.filter((entry) => entry.event.seq === entry.seq);
  }
}
