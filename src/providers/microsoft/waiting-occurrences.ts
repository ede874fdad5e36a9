import { joined, type BareOccurrence, type ListedItem, type Series } from "./events.js";
import type { EventChange } from "../provider.js";

interface Waiting {
  occurrence: BareOccurrence;
  /** The page that told it: where an interrupted round goes on. Null for the first. */
  pageToken: string | null;
}

/**
 * Occurrences of a round whose series it has not told yet: Graph promises no order, so a later page may. In the order of their
 * pages.
 */
export class WaitingOccurrences {
  private constructor(private readonly waiting: ReadonlyMap<string, Waiting>) {}

  static none(): WaitingOccurrences {
    return new WaitingOccurrences(new Map());
  }

  get size(): number {
    return this.waiting.size;
  }

  get seriesIds(): Set<string> {
    return new Set([...this.waiting.values()].map(({ occurrence }) => occurrence.seriesId));
  }

  /** With those of a further page. What the page tells of one otherwise ends its waiting. */
  after(items: readonly ListedItem[], pageToken: string | null): WaitingOccurrences {
    const waiting = new Map(this.waiting);
    for (const item of items) {
      if (item.kind === "change") waiting.delete(changedIdOf(item.change) ?? "");
      if (item.kind !== "occurrence") continue;
      const { occurrence } = item;
      waiting.set(occurrence.id, {
        occurrence,
        pageToken: waiting.has(occurrence.id) ? (waiting.get(occurrence.id)?.pageToken ?? null) : pageToken,
      });
    }
    return new WaitingOccurrences(waiting);
  }

  /** Those whose series are known, joined, and the others. A series that is gone is null, and so are its occurrences. */
  join(series: ReadonlyMap<string, Series | null>): { changes: EventChange[]; waiting: WaitingOccurrences } {
    const changes: EventChange[] = [];
    const waiting = new Map<string, Waiting>();
    for (const [id, each] of this.waiting) {
      const found = series.get(each.occurrence.seriesId);
      if (found === undefined) waiting.set(id, each);
      else changes.push(found === null ? { kind: "removed", externalEventId: id } : joined(each.occurrence, found));
    }
    return { changes, waiting: new WaitingOccurrences(waiting) };
  }

  /** Without those of some series. */
  without(seriesIds: ReadonlyMap<string, unknown>): WaitingOccurrences {
    return new WaitingOccurrences(
      new Map([...this.waiting].filter(([, { occurrence }]) => !seriesIds.has(occurrence.seriesId))),
    );
  }

  /** Where a round that is interrupted now has to go on so as not to lose any. */
  resumePageToken(nextPageToken: string | null): string | null {
    const [first] = this.waiting.values();
    return first === undefined ? nextPageToken : first.pageToken;
  }
}

function changedIdOf(change: EventChange): string | null {
  return change.kind === "event" ? change.event.externalEventId : change.externalEventId;
}
