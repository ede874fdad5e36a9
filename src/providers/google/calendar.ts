import type { calendar_v3 } from "googleapis/build/src/apis/calendar/index.js";
import { allPages } from "../all-pages.js";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import { askForEvents, type EventReader } from "../known-events.js";
import type {
  CalendarEvent,
  ChangePage,
  ChangeRange,
  EventChange,
  EventWindow,
  GetEventsRequest,
  ListChangesRequest,
  OpenCalendar,
  ProviderFailure,
  WrittenEvent,
} from "../provider.js";
import { requestWindow } from "../request-window.js";
import { googleFailure } from "./errors.js";
import {
  eventChangeOf,
  eventListFields,
  eventListOf,
  instanceListFields,
  instanceListOf,
  isSeries,
  singleEventFields,
} from "./events.js";

/**
 * Equal in every request of a cursor's life, or its answers are undefined. Occurrences instead of series; no orderBy, with which
 * Google gives no cursor; showDeleted left out, since a cursor reports deletions anyway and a full round must list what exists.
 */
const listParameters = { singleEvents: true, maxResults: 2500, fields: eventListFields } as const;

export const cursorFingerprint = Object.entries(listParameters)
  .map(([name, value]) => `${name}=${value}`)
  .join("&");

/** Where requests go, and what sends them. */
export interface GoogleConnection {
  apiUrl: string;
  fetch: typeof fetch;
}

export class GoogleCalendar implements OpenCalendar {
  /** Once it has answered, an event that is not found is gone rather than out of reach. */
  #isReachable = false;
  /** Of which the round has told living occurrences: when their id is told as removed, a single event has become a series. */
  readonly #livingSeries = new Set<string>();

  constructor(
    private readonly api: calendar_v3.Calendar,
    private readonly connection: GoogleConnection,
    private readonly calendarId: string,
  ) {}

  async listChanges({ accessToken, range, pageToken }: ListChangesRequest): Promise<ChangePage> {
    const asked = {
      endpoint: "CALENDAR",
      hasCursor: range.kind === "SINCE",
      hasPageToken: pageToken !== null,
    } as const;
    const page = await this.#send(asked, accessToken, eventListOf, (options) =>
      this.api.events.list(
        {
          ...listParameters,
          calendarId: this.calendarId,
          ...rangeParameters(range),
          ...(pageToken !== null && { pageToken }),
        },
        options,
      ),
    );
    this.#isReachable = true;
    if (pageToken === null) this.#livingSeries.clear();
    const { nextPageToken, nextSyncToken } = page;
    const nextCursor = range.kind === "BOUNDED" ? null : nextSyncToken;
    const changes = this.#sparingLiving(page.changes);
    return { changes, nextPageToken, resumePageToken: nextPageToken, nextCursor };
  }

  #sparingLiving(changes: readonly EventChange[]): EventChange[] {
    for (const change of changes) {
      if (change.kind === "event" && change.event.recurringEventId !== null)
        this.#livingSeries.add(change.event.recurringEventId);
    }
    return changes.map((change) =>
      change.kind === "removed" && this.#livingSeries.has(change.externalEventId)
        ? { ...change, kind: "gone" }
        : change,
    );
  }

  getEvents({ accessToken, events }: GetEventsRequest): Promise<EventChange[]> {
    const reader: EventReader = {
      readEvent: async (id) => {
        const found = await this.#find(id, accessToken);
        return found === null || isSeries(found) ? null : eventChangeOf(found);
      },
      readOccurrences: (id, window) => this.#occurrences(id, window, accessToken),
    };
    return askForEvents(events, reader);
  }

  createEvent(): Promise<WrittenEvent> {
    return Promise.reject(providerFailure("REQUEST_REFUSED"));
  }

  updateEvent(): Promise<WrittenEvent> {
    return Promise.reject(providerFailure("REQUEST_REFUSED"));
  }

  deleteEvent(): Promise<void> {
    return Promise.reject(providerFailure("REQUEST_REFUSED"));
  }

  findByKey(): Promise<CalendarEvent | null> {
    return Promise.reject(providerFailure("REQUEST_REFUSED"));
  }

  /** Asks for the series first: of a deleted one Google would go on to tell single instances. */
  async #occurrences(id: string, window: EventWindow, accessToken: string): Promise<EventChange[] | null> {
    const found = await this.#find(id, accessToken);
    if (found === null || eventChangeOf(found).kind === "removed") return null;
    if (!isSeries(found)) return [];
    const { start: timeMin, end: timeMax } = requestWindow(window);
    const parameters = { calendarId: this.calendarId, eventId: id, timeMin, timeMax, maxResults: 2500 };
    return allPages(async (pageToken) => {
      const page = await this.#send(singleEvent, accessToken, instanceListOf, (options) =>
        this.api.events.instances(
          { ...parameters, fields: instanceListFields, ...(pageToken !== null && { pageToken }) },
          options,
        ),
      );
      return { items: page.changes, nextPage: page.nextPageToken };
    });
  }

  /** An event or a series as Google tells it, also a cancelled one; null when there is none. */
  async #find(eventId: string, accessToken: string): Promise<object | null> {
    try {
      const parameters = { calendarId: this.calendarId, eventId, fields: singleEventFields };
      const found = await this.#send(singleEvent, accessToken, objectOf, (options) =>
        this.api.events.get(parameters, options),
      );
      this.#isReachable = true;
      return found;
    } catch (error) {
      const failure = googleFailure(error, singleEvent);
      if (!isNotFound(failure)) throw failure;
      await this.#assertReachable(accessToken);
      return null;
    }
  }

  /** By a list, for which the right to read events is enough. */
  async #assertReachable(accessToken: string): Promise<void> {
    if (this.#isReachable) return;
    const parameters = { calendarId: this.calendarId, maxResults: 1, fields: instanceListFields };
    await this.#send(singleEvent, accessToken, instanceListOf, (options) => this.api.events.list(parameters, options));
    this.#isReachable = true;
  }

  /** @throws ProviderFailure */
  async #send<Answer>(
    asked: RefusedRequest,
    accessToken: string,
    read: (data: unknown) => Answer | null,
    request: (options: RequestOptions) => Promise<{ data: unknown; status: number }>,
  ): Promise<Answer> {
    try {
      const { data, status } = await request(optionsOf(this.connection, accessToken));
      // A truncated answer comes as a success whose data is its text.
      const answer = read(data);
      if (answer === null) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
      return answer;
    } catch (error) {
      throw googleFailure(error, asked);
    }
  }
}

type RequestOptions = ReturnType<typeof optionsOf>;

function optionsOf({ apiUrl, fetch }: GoogleConnection, accessToken: string) {
  return {
    // Per request: as a global option it would drop a path of the address.
    rootUrl: apiUrl,
    headers: { authorization: `Bearer ${accessToken}` },
    fetchImplementation: fetch,
  };
}

const singleEvent: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false };

/** A cursor keeps no window: Google refuses one beside it. */
function rangeParameters(range: ChangeRange): calendar_v3.Params$Resource$Events$List {
  if (range.kind === "SINCE") return { syncToken: range.cursor };
  const { start, end } = requestWindow(range);
  return { timeMin: start, timeMax: end };
}

function objectOf(data: unknown): object | null {
  return typeof data === "object" && !Array.isArray(data) ? data : null;
}

/** 410 is what Google answers for some events deleted long ago. */
function isNotFound({ errorCode, providerStatus }: ProviderFailure): boolean {
  return providerStatus === 410 || errorCode === "CALENDAR_NOT_FOUND";
}
