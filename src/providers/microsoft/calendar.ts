import { allPages } from "../all-pages.js";
import type { RefusedRequest } from "../classification.js";
import { lastOfEachEvent } from "../each-event-once.js";
import { providerFailure } from "../failure.js";
import { askForEvents } from "../known-events.js";
import {
  ProviderFailure,
  type ChangePage,
  type ChangeRange,
  type EventChange,
  type EventWindow,
  type GetEventsRequest,
  type ListChangesRequest,
  type OpenCalendar,
} from "../provider.js";
import { CalendarPaths, isViewPath, viewSpans } from "./calendar-paths.js";
import { listedItemOf, type ListedItem, type Series } from "./events.js";
import { pageSize, preferences, type Graph, type GraphAnswer } from "./graph.js";
import { isRoundPage, listedPageOf, type ListedPage } from "./pages.js";
import { WaitingOccurrences } from "./waiting-occurrences.js";

const noSeries: ReadonlyMap<string, EventChange[]> = new Map();

/** How a connection names the default calendar of its mailbox. */
const defaultCalendar = "primary";

/** So many occurrences may wait for their series; past that, the series are fetched, whether or not a later page would tell them. */
const mostWaiting = 5_000;

export const cursorFingerprint = `calendarView/delta; ${preferences}`;

interface RoundPage {
  items: ListedItem[];
  nextPageToken: string | null;
  nextCursor: string | null;
}

export class MicrosoftCalendar implements OpenCalendar {
  /** Once it has answered, an event that is not found is gone rather than out of reach. */
  #isReachable = false;
  #paths: CalendarPaths | null = null;
  /** As the round has told or we have fetched them; null for those that are gone. */
  #series = new Map<string, Series | null>();
  #waiting = WaitingOccurrences.none();

  constructor(
    private readonly graph: Graph,
    private readonly calendarId: string,
  ) {}

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

  #beginRound(): void {
    this.#series = new Map();
    this.#waiting = WaitingOccurrences.none();
  }

  async #page(range: ChangeRange, pageToken: string | null, accessToken: string): Promise<RoundPage> {
    if (range.kind === "BOUNDED") return this.#viewPage(range, pageToken, accessToken);
    const isFirstOfAll = range.kind === "FULL" && pageToken === null;
    const path = isFirstOfAll ? (await this.#resolvedPaths(accessToken)).delta(range) : storedPath(pageToken, range);
    const page = await this.#list(path, accessToken, {
      endpoint: "CALENDAR",
      hasCursor: range.kind === "SINCE",
      hasPageToken: pageToken !== null,
    });
    if (!isRoundPage(page)) throw providerFailure("MALFORMED_ANSWER");
    return { items: page.items, nextPageToken: page.nextPath, nextCursor: page.deltaPath };
  }

  /** A bounded round goes over the spans of its window one after the other; its page tokens begin with the span's number. */
  async #viewPage(range: EventWindow, pageToken: string | null, accessToken: string): Promise<RoundPage> {
    const paths = await this.#resolvedPaths(accessToken);
    const spans = viewSpans(range);
    const place = pageToken === null ? { span: 0, path: paths.view(spans[0]) } : viewPlace(pageToken);
    const asked = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: pageToken !== null } as const;
    const { items, nextPath, deltaPath } = await this.#list(place.path, accessToken, asked);
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
    const found = await this.#find(id, accessToken);
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
    const found = await this.#find(id, accessToken);
    if (found === null || found.kind === "series") return null;
    const [change] = await this.#changesOf([found], accessToken);
    return change ?? null;
  }

  /** Null when the series is gone. Of an event that is no series any more, nothing. */
  async #occurrences(id: string, window: EventWindow, accessToken: string): Promise<EventChange[] | null> {
    const paths = this.#plainPaths();
    const items: ListedItem[] = [];
    try {
      for (const span of viewSpans(window)) {
        items.push(
          ...(await allPages(async (page) => this.#instances(page ?? paths.instances(id, span), accessToken))),
        );
      }
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (error.providerStatus === 400) return [];
      if (!isNotFound(error)) throw error;
      await this.#assertReachable(accessToken);
      return null;
    }
    return this.#changesOf(items, accessToken);
  }

  async #instances(path: string, accessToken: string): Promise<{ items: ListedItem[]; nextPage: string | null }> {
    const { items, nextPath } = await this.#list(path, accessToken, singleEvent);
    return { items, nextPage: nextPath };
  }

  /** Of items that are told outside a round. */
  async #changesOf(items: readonly ListedItem[], accessToken: string): Promise<EventChange[]> {
    const waiting = WaitingOccurrences.none().after(items, null);
    await this.#fetchSeries(waiting.seriesIds, accessToken);
    return [...items.flatMap(ownChanges), ...waiting.join(this.#series).changes];
  }

  async #find(id: string, accessToken: string): Promise<ListedItem | null> {
    try {
      const { body } = await this.graph.get(this.#plainPaths().event(id), accessToken, singleEvent);
      this.#isReachable = true;
      return listedItemOf(body);
    } catch (error) {
      if (!(error instanceof ProviderFailure) || !isNotFound(error)) throw error;
      await this.#assertReachable(accessToken);
      return null;
    }
  }

  async #list(path: string, accessToken: string, asked: RefusedRequest): Promise<ListedPage> {
    const { body, status } = await this.#listAnswer(path, accessToken, asked);
    const page = listedPageOf(body, (link) => this.graph.pathOf(link));
    if (page === null) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
    this.#isReachable = true;
    return page;
  }

  /** Change rounds come with bodies and attendees: a page may be too large that is none in smaller pieces. */
  async #listAnswer(path: string, accessToken: string, asked: RefusedRequest): Promise<GraphAnswer> {
    try {
      return await this.graph.get(path, accessToken, asked);
    } catch (error) {
      const isTooLarge = error instanceof ProviderFailure && error.errorCode === "ANSWER_TOO_LARGE";
      if (!isTooLarge || this.graph.maxPageSize === pageSize.small) throw error;
      this.graph.maxPageSize = pageSize.small;
      return this.graph.get(path, accessToken, asked);
    }
  }

  async #assertReachable(accessToken: string): Promise<void> {
    if (this.#isReachable) return;
    await this.graph.get(`${this.#plainPaths().calendar}?$select=id`, accessToken, singleEvent);
    this.#isReachable = true;
  }

  #plainPaths(): CalendarPaths {
    return this.#paths ?? new CalendarPaths(this.calendarId, this.calendarId === defaultCalendar);
  }

  /** Change rounds are documented for the default calendar only, which may also be connected by its id. */
  async #resolvedPaths(accessToken: string): Promise<CalendarPaths> {
    if (this.#paths !== null) return this.#paths;
    const isDefault = this.calendarId === defaultCalendar || (await this.#isDefault(accessToken));
    this.#paths = new CalendarPaths(this.calendarId, isDefault);
    return this.#paths;
  }

  async #isDefault(accessToken: string): Promise<boolean> {
    const { body } = await this.graph.get("me/calendar?$select=id", accessToken, singleEvent);
    return typeof body === "object" && body !== null && "id" in body && body.id === this.calendarId;
  }
}

const singleEvent: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false };

/** What an item of a page says by itself. A living series says nothing in a full round: its occurrences do. */
function ownChanges(item: ListedItem): EventChange[] {
  if (item.kind === "change") return [item.change];
  if (item.kind === "occurrence" || !item.series.isCancelled) return [];
  return [{ kind: "removed", externalEventId: item.id }];
}

function storedPath(pageToken: string | null, range: ChangeRange): string {
  if (pageToken !== null) {
    if (isViewPath(pageToken)) return pageToken;
    throw providerFailure("PAGE_TOKEN_EXPIRED", { action: { kind: "FULL_ROUND" } });
  }
  if (range.kind === "SINCE" && isViewPath(range.cursor)) return range.cursor;
  throw providerFailure("CURSOR_EXPIRED", { action: { kind: "FULL_ROUND" } });
}

function viewPlace(pageToken: string): { span: number; path: string } {
  const [, span, path] = /^(\d{1,3}) (.+)$/.exec(pageToken) ?? [];
  if (span !== undefined && path !== undefined && isViewPath(path)) return { span: Number(span), path };
  throw providerFailure("PAGE_TOKEN_EXPIRED", { action: { kind: "FULL_ROUND" } });
}

function isNotFound({ errorCode }: ProviderFailure): boolean {
  return errorCode === "CALENDAR_NOT_FOUND";
}
