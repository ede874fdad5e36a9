import { lastOfEachEvent } from "../each-event-once.js";
import { providerFailure } from "../failure.js";
import { askForEvents } from "../known-events.js";
import type {
  CalendarEvent,
  ChangePage,
  ChangeRange,
  CreateEventRequest,
  DeleteEventRequest,
  EventChange,
  EventWindow,
  GetEventsRequest,
  ListChangesRequest,
  OpenCalendar,
  UpdateEventRequest,
  WrittenEvent,
} from "../provider.js";
import { viewSpans } from "./calendar-paths.js";
import type { CalendarReads } from "./calendar-reads.js";
import { MicrosoftEventWrites } from "./event-writes.js";
import type { ListedItem, Series } from "./events.js";
import { preferences, type Graph } from "./graph.js";
import { isRoundPage } from "./pages.js";
import { storedPath, viewPlace } from "./stored-places.js";
import { WaitingOccurrences } from "./waiting-occurrences.js";

const noSeries: ReadonlyMap<string, EventChange[]> = new Map();

/** So many occurrences may wait for their series; past that, the series are fetched, whether or not a later page would tell them. */
const mostWaiting = 5_000;

export const cursorFingerprint = `calendarView/delta; ${preferences}`;

interface RoundPage {
  items: ListedItem[];
  nextPageToken: string | null;
  nextCursor: string | null;
}

/** Joins what Graph tells piece by piece: occurrences with their series, within pages and over them. */
export class MicrosoftCalendar implements OpenCalendar {
  /** As the round has told or we have fetched them; null for those that are gone. */
  #series = new Map<string, Series | null>();
  #waiting = WaitingOccurrences.none();

  readonly #writes: MicrosoftEventWrites;

  constructor(
    graph: Graph,
    private readonly reads: CalendarReads,
  ) {
    this.#writes = new MicrosoftEventWrites(graph, reads, (item, accessToken) => this.#eventOf(item, accessToken));
  }

  async listChanges({ accessToken, range, pageToken }: ListChangesRequest): Promise<ChangePage> {
    if (pageToken === null) this.#beginRound();
    const page = await this.#page(range, pageToken, accessToken);
    const { items, nextPageToken, nextCursor } = page;
    this.#learn(items);
    const waiting = this.#waiting.after(items, pageToken);
    if (nextPageToken === null || waiting.size > mostWaiting) await this.#fetchSeries(waiting.seriesIds, accessToken);
    const changed = range.kind === "SINCE" ? await this.#changedSeries(items, range, accessToken) : noSeries;
    // Nothing fails from here on: a call that failed is repeated.
    const { changes, waiting: rest } = waiting.without(changed).join(this.#series);
    this.#waiting = rest;
    return {
      changes: lastOfEachEvent([...items.flatMap(ownChanges), ...changes, ...[...changed.values()].flat()]),
      nextPageToken,
      resumePageToken: nextPageToken === null ? null : rest.resumePageToken(nextPageToken),
      nextCursor,
    };
  }

  getEvents({ accessToken, events }: GetEventsRequest): Promise<EventChange[]> {
    return askForEvents(events, {
      readEvent: (id) => this.#event(id, accessToken),
      readOccurrences: (id, window) => this.#occurrences(id, window, accessToken),
    });
  }

  createEvent(request: CreateEventRequest): Promise<WrittenEvent> {
    return this.#writes.create(request);
  }

  updateEvent(request: UpdateEventRequest): Promise<WrittenEvent> {
    return this.#writes.update(request);
  }

  deleteEvent(request: DeleteEventRequest): Promise<void> {
    return this.#writes.delete(request);
  }

  findByKey({ accessToken, eventKey }: { accessToken: string; eventKey: string }): Promise<CalendarEvent | null> {
    return this.#writes.findByKey(eventKey, accessToken);
  }

  #beginRound(): void {
    this.#series = new Map();
    this.#waiting = WaitingOccurrences.none();
  }

  async #page(range: ChangeRange, pageToken: string | null, accessToken: string): Promise<RoundPage> {
    if (range.kind === "BOUNDED") return this.#viewPage(range, pageToken, accessToken);
    const isFirstOfAll = range.kind === "FULL" && pageToken === null;
    const path = isFirstOfAll ? (await this.reads.paths(accessToken)).delta(range) : storedPath(pageToken, range);
    const page = await this.reads.list(path, accessToken, {
      endpoint: "CALENDAR",
      hasCursor: range.kind === "SINCE",
      hasPageToken: pageToken !== null,
    });
    if (!isRoundPage(page)) throw providerFailure("MALFORMED_ANSWER");
    return { items: page.items, nextPageToken: page.nextPath, nextCursor: page.deltaPath };
  }

  /** A bounded round goes over the spans of its window one after the other; its page tokens begin with the span's number. */
  async #viewPage(range: EventWindow, pageToken: string | null, accessToken: string): Promise<RoundPage> {
    const paths = await this.reads.paths(accessToken);
    const spans = viewSpans(range);
    const place = pageToken === null ? { span: 0, path: paths.view(spans[0]) } : viewPlace(pageToken);
    const asked = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: pageToken !== null } as const;
    const { items, nextPath, deltaPath } = await this.reads.list(place.path, accessToken, asked);
    if (deltaPath !== null) throw providerFailure("MALFORMED_ANSWER");
    const nextSpan = spans[place.span + 1];
    const nextPageToken =
      nextPath !== null
        ? `${place.span} ${nextPath}`
        : nextSpan === undefined
          ? null
          : `${place.span + 1} ${paths.view(nextSpan)}`;
    return { items, nextPageToken, nextCursor: null };
  }

  #learn(items: readonly ListedItem[]): void {
    for (const item of items) if (item.kind === "series") this.#series.set(item.id, item.series);
  }

  async #fetchSeries(ids: ReadonlySet<string>, accessToken: string): Promise<void> {
    for (const id of ids) {
      if (!this.#series.has(id)) this.#series.set(id, await this.#readSeries(id, accessToken));
    }
  }

  async #readSeries(id: string, accessToken: string): Promise<Series | null> {
    const found = await this.reads.find(id, accessToken);
    // An occurrence whose series is a single event by now is none any more.
    return found?.kind === "series" ? found.series : null;
  }

  /**
   * What has become of the series that a later round tells: it need not tell their unchanged occurrences again, though a new title
   * is theirs too, nor those deleted singly. So each is read anew in the window, and what is held besides is called missing.
   */
  async #changedSeries(
    items: readonly ListedItem[],
    window: EventWindow,
    accessToken: string,
  ): Promise<Map<string, EventChange[]>> {
    const changed = new Map<string, EventChange[]>();
    for (const { id, series } of items.filter((item) => item.kind === "series")) {
      if (changed.has(id) || series.isCancelled) continue;
      const occurrences = await this.#occurrences(id, window, accessToken);
      changed.set(
        id,
        occurrences === null
          ? [{ kind: "removed", externalEventId: id }]
          : [{ kind: "missing", externalEventId: id }, ...occurrences],
      );
    }
    return changed;
  }

  async #event(id: string, accessToken: string): Promise<EventChange | null> {
    const found = await this.reads.find(id, accessToken);
    return found === null ? null : this.#eventOf(found, accessToken);
  }

  /** What an item is as an event; null for a series. */
  async #eventOf(item: ListedItem, accessToken: string): Promise<EventChange | null> {
    if (item.kind === "series") return null;
    const [change] = await this.#changesOf([item], accessToken);
    return change ?? null;
  }

  /** Null when the series is gone. */
  async #occurrences(id: string, window: EventWindow, accessToken: string): Promise<EventChange[] | null> {
    const items = await this.reads.occurrences(id, window, accessToken);
    return items === null ? null : this.#changesOf(items, accessToken);
  }

  /** Of items that are told outside a round. */
  async #changesOf(items: readonly ListedItem[], accessToken: string): Promise<EventChange[]> {
    const waiting = WaitingOccurrences.none().after(items, null);
    await this.#fetchSeries(waiting.seriesIds, accessToken);
    return [...items.flatMap(ownChanges), ...waiting.join(this.#series).changes];
  }
}

/** What an item of a page says by itself. A living series says nothing in a full round: its occurrences do. */
function ownChanges(item: ListedItem): EventChange[] {
  if (item.kind === "change") return [item.change];
  if (item.kind === "occurrence" || !item.series.isCancelled) return [];
  return [{ kind: "removed", externalEventId: item.id }];
}
