import { z } from "zod";
import { changeEvent, isWithoutId, type ChangeableEvent, type EventAccess } from "../change-event.js";
import { allEventFields } from "../event-differences.js";
import { providerFailure } from "../failure.js";
import {
  ProviderFailure,
  type CalendarEvent,
  type CreateEventRequest,
  type DeleteEventRequest,
  type EventChange,
  type EventContent,
  type EventField,
  type UpdateEventRequest,
  type WrittenEvent,
} from "../provider.js";
import { windowsTimeZone } from "../time-zone.js";
import { isNotFound, singleEvent, type CalendarReads } from "./calendar-reads.js";
import { existingEventIdOf } from "./errors.js";
import { eventPatchBody, keyFilter, newEventBody, zoneNameAt } from "./event-body.js";
import { listedItemOf, type ListedItem } from "./events.js";
import type { Graph } from "./graph.js";

/** What an item is as an event, joined with its series where it tells only a part; null for a series. */
export type ReadItem = (item: ListedItem, accessToken: string) => Promise<EventChange | null>;

/** How events of one calendar are written. Everything throws ProviderFailure, nothing else. */
export class MicrosoftEventWrites {
  constructor(
    private readonly graph: Graph,
    private readonly reads: CalendarReads,
    private readonly readItem: ReadItem,
  ) {}

  async create({ accessToken, eventKey, content }: CreateEventRequest): Promise<WrittenEvent> {
    try {
      return { kind: "event", event: await this.#post(eventKey, content, accessToken), isChanged: true };
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.errorCode !== "EVENT_EXISTS") throw error;
      const id = existingEventIdOf(error) ?? (await this.findByKey(eventKey, accessToken))?.externalEventId;
      // Graph remembers a name longer than its event: it was deleted, or moved to another calendar.
      if (id === undefined) return { kind: "gone" };
      return changeEvent(this.#accessTo(id, content, accessToken), content, allEventFields);
    }
  }

  update({ accessToken, externalEventId, content, fields }: UpdateEventRequest): Promise<WrittenEvent> {
    return changeEvent(this.#accessTo(externalEventId, content, accessToken), content, fields);
  }

  /** Looks first: an event that its user has made a series of is one no more, and its id would delete every occurrence. */
  async delete({ accessToken, externalEventId }: DeleteEventRequest): Promise<void> {
    const item = await this.reads.find(externalEventId, accessToken);
    if (item === null || isGone(await this.#changeOf(item, accessToken))) return;
    const path = this.reads.eventPaths.event(externalEventId);
    await unlessGone(this.graph.delete(path, accessToken));
  }

  /** By our own property. A copy that somebody has made of the event may have it, too, but not the event's transactionId. */
  async findByKey(eventKey: string, accessToken: string): Promise<CalendarEvent | null> {
    const path = this.reads.eventPaths.filtered(keyFilter(eventKey));
    const { items } = await this.reads.list(path, accessToken, singleEvent);
    for (const item of items) {
      const change = await this.#changeOf(item, accessToken);
      if (change?.kind === "event" && change.event.eventKey === eventKey.toLowerCase()) return change.event;
    }
    return null;
  }

  async #changeOf(item: ListedItem, accessToken: string): Promise<EventChange | null> {
    const change = await this.readItem(item, accessToken);
    if (change !== null && isWithoutId(change)) throw providerFailure("MALFORMED_ANSWER");
    return change;
  }

  async #post(eventKey: string, content: EventContent, accessToken: string): Promise<CalendarEvent> {
    const path = this.reads.eventPaths.events;
    const body = newEventBody(eventKey, content);
    const answer = await this.graph.write({ method: "POST", path, accessToken, body });
    return this.#eventOf(answer.body, accessToken);
  }

  #accessTo(id: string, content: EventContent, accessToken: string): EventAccess {
    return {
      isItsZone: (told, { startsAt, timeZone }) => windowsTimeZone(told)?.name === zoneNameAt(startsAt, timeZone),
      read: () => this.#read(id, accessToken),
      write: (known, fields) => this.#patch(id, known, content, fields, accessToken),
    };
  }

  async #read(id: string, accessToken: string): Promise<ChangeableEvent | null> {
    const resource = await this.reads.resource(id, accessToken);
    if (resource === null) return null;
    const change = await this.#changeOf(listedItemOf(resource), accessToken);
    if (isGone(change)) return null;
    const version = versioned.safeParse(resource);
    if (!version.success) throw providerFailure("MALFORMED_ANSWER");
    return { event: change.kind === "event" ? change.event : null, etag: version.data["@odata.etag"] };
  }

  async #patch(
    id: string,
    { event, etag }: ChangeableEvent,
    content: EventContent,
    fields: readonly EventField[],
    accessToken: string,
  ): Promise<CalendarEvent | null> {
    const path = this.reads.eventPaths.event(id);
    const body = eventPatchBody(content, fields, event?.timeZone ?? null);
    const answer = await unlessGone(this.graph.write({ method: "PATCH", path, accessToken, body, etag }));
    return answer === null ? null : this.#eventOf(answer.body, accessToken);
  }

  async #eventOf(resource: unknown, accessToken: string): Promise<CalendarEvent> {
    const change = await this.readItem(listedItemOf(resource), accessToken);
    if (change?.kind !== "event") throw providerFailure("MALFORMED_ANSWER");
    return change.event;
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

/** Deleted, called off, or a series by now, which is no event: its occurrences are. */
function isGone(change: EventChange | null): change is null | Extract<EventChange, { kind: "removed" }> {
  return change === null || change.kind === "removed";
}

const versioned = z.object({ "@odata.etag": z.string().min(1) });
