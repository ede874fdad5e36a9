import type { EventChange, EventWindow, KnownEvent } from "./provider.js";

/** How single events of a calendar are read. */
export interface EventReader {
  /** As it is now; null when it is gone. */
  readEvent(externalEventId: string): Promise<EventChange | null>;
  /** Those overlapping the window, all or only some of them; null when the series is gone. */
  readOccurrences(recurringEventId: string, window: EventWindow): Promise<readonly EventChange[] | null>;
}

/**
 * Asks what has become of events. Several occurrences of a series are asked for together, so that a deleted series costs one
 * request; what that does not tell, and all else, singly.
 */
export async function askForEvents(events: readonly KnownEvent[], reader: EventReader): Promise<EventChange[]> {
  const changes: EventChange[] = [];
  for (const [recurringEventId, group] of Map.groupBy(events, (event) => event.recurringEventId)) {
    const told =
      recurringEventId !== null && group.length > 1 ? await askForSeries(recurringEventId, group, reader) : noneTold;
    for (const { externalEventId } of group) {
      const change = told(externalEventId) ?? (await reader.readEvent(externalEventId));
      changes.push(change === null || change.kind === "removed" ? gone(externalEventId) : change);
    }
  }
  return changes;
}

type Told = (externalEventId: string) => EventChange | undefined;
const noneTold: Told = () => undefined;

async function askForSeries(id: string, group: readonly KnownEvent[], reader: EventReader): Promise<Told> {
  const occurrences = await reader.readOccurrences(id, windowOf(group));
  if (occurrences === null) return gone;
  const changes = new Map(occurrences.map((change) => [eventIdOf(change), change]));
  return (externalEventId) => changes.get(externalEventId);
}

function windowOf(events: readonly KnownEvent[]): EventWindow {
  const times = events.flatMap(({ startsAt, endsAt }) => [startsAt.getTime(), endsAt.getTime()]);
  const earliest = times.reduce((one, other) => Math.min(one, other));
  const latest = times.reduce((one, other) => Math.max(one, other));
  // The end is excluded, also for what has no length.
  return { windowStart: new Date(earliest), windowEnd: new Date(latest + 1000) };
}

function eventIdOf(change: EventChange): string | null {
  return change.kind === "event" ? change.event.externalEventId : change.externalEventId;
}

function gone(externalEventId: string): EventChange {
  return { kind: "gone", externalEventId };
}
