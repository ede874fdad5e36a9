import { instanceId } from "./event.js";
import type { ExceptionEvent, SeriesEvent } from "./event.js";
import { expandSeries } from "./recurrence.js";

/** What an expansion was made from, and what came out. */
interface Expansion {
  recurrence: readonly string[];
  startsAt: number;
  isAllDay: boolean;
  timeZone: string;
  year: number;
  starts: readonly number[];
}

function isCurrent(known: Expansion, series: SeriesEvent): boolean {
  return (
    known.recurrence === series.recurrence &&
    known.startsAt === series.startsAt &&
    known.isAllDay === series.isAllDay &&
    known.timeZone === series.timeZone
  );
}

/** Expansions of series, kept until the series changes or the year turns. Bounded over all series, so that memory is. */
export class SeriesExpansions {
  readonly #known = new Map<SeriesEvent, Expansion>();
  #instances = 0;
  readonly #now: () => number;
  readonly #mostInstances: number;

  constructor(now: () => number, mostInstances = 5_000_000) {
    this.#now = now;
    this.#mostInstances = mostInstances;
  }

  /** The original starts of all instances, ascending, exceptions included. Empty for a deleted series. */
  startsOf(series: SeriesEvent): readonly number[] {
    if (series.status === "cancelled") return [];
    const year = new Date(this.#now()).getUTCFullYear();
    const known = this.#known.get(series);
    if (known?.year === year && isCurrent(known, series)) return known.starts;
    const starts = expandSeries(series.recurrence, series, year);
    const { recurrence, startsAt, isAllDay, timeZone } = series;
    this.#remember(series, { recurrence, startsAt, isAllDay, timeZone, year, starts });
    return starts;
  }

  has(series: SeriesEvent, originalStartsAt: number): boolean {
    const starts = this.startsOf(series);
    return starts[firstIndexFrom(starts, originalStartsAt)] === originalStartsAt;
  }

  /** The instances a client may know by id: expanded ones and exceptions. */
  instanceIds(series: SeriesEvent): Map<string, number> {
    const ids = new Map<string, number>();
    for (const start of this.startsOf(series)) ids.set(instanceId(series.id, start, series.isAllDay), start);
    for (const exception of series.exceptions.values()) ids.set(exception.id, exception.originalStartsAt);
    return ids;
  }

  #remember(series: SeriesEvent, expansion: Expansion): void {
    if (this.#instances > this.#mostInstances) this.#known.clear();
    if (this.#known.size === 0) this.#instances = 0;
    this.#instances += expansion.starts.length;
    this.#known.set(series, expansion);
  }
}

/** Index of the first value that is at least `least`; the length when there is none. */
export function firstIndexFrom(ascending: readonly number[], least: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function exceptionAt(series: SeriesEvent, originalStartsAt: number): ExceptionEvent | undefined {
  if (series.exceptions.size === 0) return undefined;
  return series.exceptions.get(instanceId(series.id, originalStartsAt, series.isAllDay));
}
