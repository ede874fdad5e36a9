import type { Moved, SeriesEvent, SingleEvent } from "./event.js";
import type { SeriesExpansions } from "./series.js";

/** An id that left a calendar for another one; a series leaves with one for each of its instances. */
export interface Departure {
  id: string;
  seq: number;
  /** How far the event had been moved before. */
  moved?: Moved;
}

/** What left a calendar, in the order of its change numbers. */
export class Departures {
  #all: Departure[] = [];

  all(): readonly Departure[] {
    return this.#all;
  }

  record(event: SingleEvent | SeriesEvent, seq: number, expansions: SeriesExpansions): void {
    for (const id of [event.id, ...knownInstanceIds(event, expansions)])
      this.#all.push(event.moved ? { id, seq, moved: event.moved } : { id, seq });
  }

  /** With numbers above `since` and at most `until`. */
  between(since: number, until: number): Departure[] {
    return this.#all.filter(({ seq }) => seq > since && seq <= until);
  }

  restore(departures: readonly Departure[]): void {
    this.#all = [...departures];
  }

  clear(): void {
    this.#all = [];
  }
}

/** The ids of instances that clients may know of a series, former ones too. */
function knownInstanceIds(event: SingleEvent | SeriesEvent, expansions: SeriesExpansions): string[] {
  if (event.kind === "single") return [];
  return [...expansions.instanceIds(event).keys(), ...event.formerInstances.keys()];
}
