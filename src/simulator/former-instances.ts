import type { ExceptionEvent, SeriesEvent } from "./event.js";
import type { SeriesExpansions } from "./series.js";

/** Instances that a change of a series takes away are remembered, so that clients who know them can be told. */

/** The instances of a series before a change of it. */
export interface KnownInstances {
  /** Original starts by instance id. */
  starts: ReadonlyMap<string, number>;
  isAllDay: boolean;
}

export function knownInstances(series: SeriesEvent, expansions: SeriesExpansions): KnownInstances {
  return { starts: expansions.instanceIds(series), isAllDay: series.isAllDay };
}

/** Takes the exceptions out of a changed series that it no longer has an instance for, and remembers that they were exceptions. */
export function dropExceptions(series: SeriesEvent, expansions: SeriesExpansions): ExceptionEvent[] {
  const dropped = [...series.exceptions.values()].filter(
    ({ isOriginalAllDay, originalStartsAt }) =>
      isOriginalAllDay !== series.isAllDay || !expansions.has(series, originalStartsAt),
  );
  for (const { id, originalStartsAt, isOriginalAllDay: isAllDay } of dropped) {
    series.exceptions.delete(id);
    series.formerExceptions.set(id, { id, seq: series.seq, originalStartsAt, isAllDay });
  }
  return dropped;
}

/** Remembers what a changed series lacks of the instances known before, and forgets what it has again. */
export function rememberFormer(series: SeriesEvent, known: KnownInstances, expansions: SeriesExpansions): void {
  const present = expansions.instanceIds(series);
  const { isAllDay } = known;
  for (const [id, originalStartsAt] of known.starts) {
    if (present.has(id) || series.formerInstances.has(id)) continue;
    series.formerInstances.set(id, { id, seq: series.seq, originalStartsAt, isAllDay });
  }
  for (const id of present.keys()) series.formerInstances.delete(id);
}

export function forgetFormer(series: SeriesEvent): void {
  series.formerInstances.clear();
  series.formerExceptions.clear();
}
