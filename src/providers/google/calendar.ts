import type { calendar_v3 } from "googleapis/build/src/apis/calendar/index.js";
import { allPages } from "../all-pages.js";
import { askForEvents, type EventReader } from "../known-events.js";
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
import { requestWindow } from "../request-window.js";
import { GoogleEventWrites } from "./event-writes.js";
import {
  eventChangeOf,
  eventListFields,
  eventListOf,
  instanceListFields,
  instanceListOf,
  isSeries,
  singleEventFields,
} from "./events.js";
import { singleEvent, type GoogleRequests } from "./requests.js";

/**
 * Equal in every request of a cursor's life, or its answers are undefined. Occurrences instead of series; no orderBy, with which
 * Google gives no cursor; showDeleted left out, since a cursor reports deletions anyway and a full round must list what exists.
 */
const listParameters = { singleEvents: true, maxResults: 2500, fields: eventListFields } as const;

export const cursorFingerprint = Object.entries(listParameters)
  .map(([name, value]) => `${name}=${value}`)
  .join("&");

export class GoogleCalendar implements OpenCalendar {
  /** Of which the round has told living occurrences: when their id is told as removed, a single event has become a series. */
  readonly #livingSeries = new Set<string>();

  readonly #writes: GoogleEventWrites;

  constructor(private readonly requests: GoogleRequests) {
    this.#writes = new GoogleEventWrites(requests);
  }

  async listChanges({ accessToken, range, pageToken }: ListChangesRequest): Promise<ChangePage> {
    const asked = {
      endpoint: "CALENDAR",
      hasCursor: range.kind === "SINCE",
      hasPageToken: pageToken !== null,
    } as const;
    const { api, calendarId } = this.requests;
    const page = await this.requests.send(asked, accessToken, eventListOf, (options) =>
      api.events.list(
        {
          ...listParameters,
          calendarId,
          ...rangeParameters(range),
          ...(pageToken !== null && { pageToken }),
        },
        options,
      ),
    );
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
        const found = await this.requests.find(id, accessToken, singleEventFields);
        return found === null || isSeries(found) ? null : eventChangeOf(found);
      },
      readOccurrences: (id, window) => this.#occurrences(id, window, accessToken),
    };
    return askForEvents(events, reader);
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

  /** Asks for the series first: of a deleted one Google would go on to tell single instances. */
  async #occurrences(id: string, window: EventWindow, accessToken: string): Promise<EventChange[] | null> {
    const found = await this.requests.find(id, accessToken, singleEventFields);
    if (found === null || eventChangeOf(found).kind === "removed") return null;
    if (!isSeries(found)) return [];
    const { start: timeMin, end: timeMax } = requestWindow(window);
    const { api, calendarId } = this.requests;
    const parameters = { calendarId, eventId: id, timeMin, timeMax, maxResults: 2500 };
    return allPages(async (pageToken) => {
      const page = await this.requests.send(singleEvent, accessToken, instanceListOf, (options) =>
        api.events.instances(
          { ...parameters, fields: instanceListFields, ...(pageToken !== null && { pageToken }) },
          options,
        ),
      );
      return { items: page.changes, nextPage: page.nextPageToken };
    });
  }
}

/** A cursor keeps no window: Google refuses one beside it. */
function rangeParameters(range: ChangeRange): calendar_v3.Params$Resource$Events$List {
  if (range.kind === "SINCE") return { syncToken: range.cursor };
  const { start, end } = requestWindow(range);
  return { timeMin: start, timeMax: end };
}
