import { allPages } from "../all-pages.js";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import { ProviderFailure, type EventWindow } from "../provider.js";
import { CalendarPaths, viewSpans } from "./calendar-paths.js";
import { listedItemOf, type ListedItem } from "./events.js";
import { pageSize, type Graph, type GraphAnswer } from "./graph.js";
import { listedPageOf, type ListedPage } from "./pages.js";

/** How a connection names the default calendar of its mailbox. */
const defaultCalendar = "primary";

/** Of a request that goes on from nothing and changes nothing. */
export const singleEvent: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false };

/** What can be read of a calendar in single requests. Everything throws ProviderFailure, nothing else. */
export class CalendarReads {
  /** Once it has answered, an event that is not found is gone rather than out of reach. */
  #isReachable = false;
  #resolved: CalendarPaths | null = null;

  constructor(
    private readonly graph: Graph,
    private readonly calendarId: string,
  ) {}

  /** A page of any list of events. */
  async list(path: string, accessToken: string, asked: RefusedRequest): Promise<ListedPage> {
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

  /** An event, an occurrence or a series; null when there is none in this calendar. */
  async find(id: string, accessToken: string): Promise<ListedItem | null> {
    const resource = await this.resource(id, accessToken);
    return resource === null ? null : listedItemOf(resource);
  }

  /** The same as Graph tells it, with its etag. */
  async resource(id: string, accessToken: string): Promise<object | null> {
    try {
      const { body, status } = await this.graph.get(this.eventPaths.selected(id), accessToken, singleEvent);
      if (typeof body !== "object" || body === null)
        throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
      this.#isReachable = true;
      return body;
    } catch (error) {
      if (!(error instanceof ProviderFailure) || !isNotFound(error)) throw error;
      await this.#assertReachable(accessToken);
      return null;
    }
  }

  /** A series' occurrences in a window. Null when the series is gone; none of an event that is no series any more. */
  async occurrences(id: string, window: EventWindow, accessToken: string): Promise<ListedItem[] | null> {
    const paths = this.eventPaths;
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
    return items;
  }

  async #instances(path: string, accessToken: string): Promise<{ items: ListedItem[]; nextPage: string | null }> {
    const { items, nextPath } = await this.list(path, accessToken, singleEvent);
    return { items, nextPage: nextPath };
  }

  async #assertReachable(accessToken: string): Promise<void> {
    if (this.#isReachable) return;
    await this.graph.get(`${this.eventPaths.calendar}?$select=id`, accessToken, singleEvent);
    this.#isReachable = true;
  }

  /** Where single events are. */
  get eventPaths(): CalendarPaths {
    return this.#resolved ?? new CalendarPaths(this.calendarId, this.calendarId === defaultCalendar);
  }

  /** Change rounds are documented for the default calendar only, which may also be connected by its id. */
  async paths(accessToken: string): Promise<CalendarPaths> {
    if (this.#resolved !== null) return this.#resolved;
    const isDefault = this.calendarId === defaultCalendar || (await this.#isDefault(accessToken));
    this.#resolved = new CalendarPaths(this.calendarId, isDefault);
    return this.#resolved;
  }

  async #isDefault(accessToken: string): Promise<boolean> {
    const { body } = await this.graph.get("me/calendar?$select=id", accessToken, singleEvent);
    return typeof body === "object" && body !== null && "id" in body && body.id === this.calendarId;
  }
}

export function isNotFound({ errorCode }: ProviderFailure): boolean {
  return errorCode === "CALENDAR_NOT_FOUND";
}
