import type { KnownEvent } from "../providers/provider.js";

/** The events in batches of about `size`, in which the occurrences of a series stay together: they are asked for by one request. */
export function eventBatches(events: readonly KnownEvent[], size: number): KnownEvent[][] {
  const batches: KnownEvent[][] = [];
  for (const series of Map.groupBy(events, seriesOf).values()) {
    const last = batches.at(-1);
    if (last && last.length + series.length <= size) last.push(...series);
    else batches.push([...series]);
  }
  return batches;
}

function seriesOf({ recurringEventId, externalEventId }: KnownEvent): string {
  return recurringEventId ?? externalEventId;
}
