import { z } from "zod";
import { changeEvent, isWithoutId, type ChangeableEvent, type EventAccess } from "../change-event.js";
import type { RefusedRequest } from "../classification.js";
import { allEventFields } from "../event-differences.js";
import { providerFailure } from "../failure.js";
import {
  ProviderFailure,
  type CalendarEvent,
  type CreateEventRequest,
  type DeleteEventRequest,
  type EventContent,
  type EventField,
  type UpdateEventRequest,
  type WrittenEvent,
} from "../provider.js";
import { eventPatchBody, keyProperty, newEventBody } from "./event-body.js";
import { googleIdOf } from "./event-key.js";
import { eventChangeOf, isSeries, writtenEventFields } from "./events.js";
import { isNotFound, type GoogleRequests } from "./requests.js";

const eventWrite: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false, isWrite: true };

/** Nobody is notified: who should hear of an appointment hears of it from us. */
const silently = { sendUpdates: "none", fields: writtenEventFields } as const;

/** How events of one calendar are written. Everything throws ProviderFailure, nothing else. */
export class GoogleEventWrites {
  constructor(private readonly requests: GoogleRequests) {}

  async create({ accessToken, eventKey, content }: CreateEventRequest): Promise<WrittenEvent> {
    try {
      return { kind: "event", event: await this.#insert(eventKey, content, accessToken), isChanged: true };
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.errorCode !== "EVENT_EXISTS") throw error;
      const found = await this.#find(googleIdOf(eventKey), accessToken);
      if (found === null || !isOfKey(found, eventKey)) return { kind: "key taken" };
      return changeEvent(this.#accessTo(googleIdOf(eventKey), content, accessToken), content, allEventFields);
    }
  }

  update({ accessToken, externalEventId, content, fields }: UpdateEventRequest): Promise<WrittenEvent> {
    return changeEvent(this.#accessTo(externalEventId, content, accessToken), content, fields);
  }

  /** Looks first: an event that its user has made a series of is one no more, and its id would delete every occurrence. */
  async delete({ accessToken, externalEventId: eventId }: DeleteEventRequest): Promise<void> {
    const found = await this.#find(eventId, accessToken);
    if (found === null || isGone(found)) return;
    const { api, calendarId } = this.requests;
    const parameters = { calendarId, eventId, sendUpdates: "none" };
    await unlessGone(
      this.requests.send(
        eventWrite,
        accessToken,
        () => true,
        (options) => api.events.delete(parameters, options),
      ),
    );
  }

  /** The id follows from the key. */
  async findByKey(eventKey: string, accessToken: string): Promise<CalendarEvent | null> {
    const found = await this.#find(googleIdOf(eventKey), accessToken);
    if (found === null || isGone(found) || !isOfKey(found, eventKey)) return null;
    return eventOf(found);
  }

  async #find(eventId: string, accessToken: string): Promise<object | null> {
    const found = await this.requests.find(eventId, accessToken, writtenEventFields);
    if (found !== null && isWithoutId(eventChangeOf(found))) throw providerFailure("MALFORMED_ANSWER");
    return found;
  }

  #insert(eventKey: string, content: EventContent, accessToken: string): Promise<CalendarEvent> {
    const { api, calendarId } = this.requests;
    const parameters = { calendarId, ...silently, requestBody: newEventBody(eventKey, content) };
    return this.requests.send(eventWrite, accessToken, eventOf, (options) => api.events.insert(parameters, options));
  }

  #accessTo(eventId: string, content: EventContent, accessToken: string): EventAccess {
    return {
      isItsZone: (told, { timeZone }) => told === timeZone,
      read: async () => {
        const found = await this.#find(eventId, accessToken);
        return found === null || isGone(found) ? null : changeableOf(found);
      },
      write: (known, fields) => this.#patch(eventId, known, content, fields, accessToken),
    };
  }

  #patch(
    eventId: string,
    { etag }: ChangeableEvent,
    content: EventContent,
    fields: readonly EventField[],
    accessToken: string,
  ): Promise<CalendarEvent | null> {
    const { api, calendarId } = this.requests;
    const parameters = { calendarId, eventId, ...silently, requestBody: eventPatchBody(content, fields) };
    return unlessGone(
      this.requests.send(eventWrite, accessToken, eventOf, (options) => api.events.patch(parameters, options), etag),
    );
  }
}

/** Null where there is nothing any more to be changed. */
async function unlessGone<Answer>(write: Promise<Answer>): Promise<Answer | null> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ProviderFailure && isNotFound(error)) return null;
    throw error;
  }
}

/** Cancelled, or a series by now, which is no event: its occurrences are. */
function isGone(found: object): boolean {
  return isSeries(found) || eventChangeOf(found).kind === "removed";
}

const keyed = z.object({ extendedProperties: z.object({ private: z.record(z.string(), z.string()) }) });
const bare = z.object({ status: z.literal("cancelled"), start: z.undefined().optional() });

/** Of a deleted event Google need not tell more than its id; it tells all of one that is somebody else's. */
function isOfKey(found: object, eventKey: string): boolean {
  const properties = keyed.safeParse(found);
  if (properties.success) return properties.data.extendedProperties.private[keyProperty] === eventKey.toLowerCase();
  return bare.safeParse(found).success;
}

const versioned = z.object({ etag: z.string().min(1) });

function changeableOf(found: object): ChangeableEvent {
  const version = versioned.safeParse(found);
  if (!version.success) throw providerFailure("MALFORMED_ANSWER");
  return { event: eventOf(found), etag: version.data.etag };
}

function eventOf(answer: unknown): CalendarEvent | null {
  const change = eventChangeOf(answer);
  return change.kind === "event" ? change.event : null;
}
