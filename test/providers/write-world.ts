import { expect } from "@jest/globals";
import type {
  CalendarEvent,
  EventChange,
  EventContent,
  EventField,
  WrittenEvent,
} from "../../src/providers/provider.js";
import { internalEventId } from "../../src/simulator/external-id.js";
import type { StoredEvent } from "../../src/simulator/event.js";
import { CalendarCopy } from "./calendar-copy.js";
import { account, at, review, window, type ContractWorld } from "./contract-world.js";

/** What an event of ours says, in a zone that both providers tell as it was given. */
export const content: EventContent = {
  title: "Checkup",
  isTentative: false,
  startsAt: "2026-12-01T09:00:00.000Z",
  endsAt: "2026-12-01T10:00:00.000Z",
  isAllDay: false,
  timeZone: "Europe/Berlin",
};

type Made = Extract<WrittenEvent, { kind: "event" }>;

/** A calendar that is written to, each write as an attempt of its own, and a copy of it that pulls. */
export class WriteWorld {
  readonly account = account;
  /** Of the account, unless a test writes with another one. */
  accessToken = "";
  #copy = new CalendarCopy();

  constructor(readonly world: ContractWorld) {}

  /** With an empty copy of the calendar. */
  async begin(): Promise<void> {
    this.accessToken = await this.world.access();
    this.#copy = new CalendarCopy();
    await this.world.pull(this.#copy);
  }

  get control() {
    return this.world.control;
  }

  get requests(): number {
    return this.world.requests;
  }

  create(eventKey: string, given: EventContent = content): Promise<WrittenEvent> {
    return this.world.openCalendar().createEvent({ accessToken: this.accessToken, eventKey, content: given });
  }

  /** One that is there now. */
  async made(eventKey: string, given: EventContent = content): Promise<Made> {
    return eventIn(await this.create(eventKey, given));
  }

  update(event: CalendarEvent, given: EventContent, fields: readonly EventField[]): Promise<WrittenEvent> {
    return this.updateById(event.externalEventId, given, fields);
  }

  updateById(externalEventId: string, given: EventContent, fields: readonly EventField[]): Promise<WrittenEvent> {
    const { accessToken } = this;
    return this.world.openCalendar().updateEvent({ accessToken, externalEventId, content: given, fields });
  }

  delete(event: CalendarEvent): Promise<void> {
    return this.deleteById(event.externalEventId);
  }

  deleteById(externalEventId: string): Promise<void> {
    return this.world.openCalendar().deleteEvent({ accessToken: this.accessToken, externalEventId });
  }

  find(eventKey: string): Promise<CalendarEvent | null> {
    return this.world.openCalendar().findByKey({ accessToken: this.accessToken, eventKey });
  }

  /** What reading tells of an event that is held. */
  known({ externalEventId, recurringEventId, startsAt, endsAt }: CalendarEvent): Promise<EventChange[]> {
    const known = { externalEventId, recurringEventId, startsAt: new Date(startsAt), endsAt: new Date(endsAt) };
    return this.world.openCalendar().getEvents({ accessToken: this.accessToken, events: [known] });
  }

  /** Everything told since the last time. */
  async pullChanges(): Promise<EventChange[]> {
    const pages = await this.world.pullChanges(this.#copy);
    return pages.flatMap(({ changes }) => [...changes]);
  }

  /** Everything that is there, as a full round tells it. */
  async allEvents(): Promise<CalendarEvent[]> {
    const pages = await this.world.pull(new CalendarCopy());
    return pages.flatMap(({ changes }) => changes.flatMap((change) => (change.kind === "event" ? [change.event] : [])));
  }

  /** The next changes tell the event exactly as the write did: whoever has kept that has nothing to change. */
  async expectEcho(written: WrittenEvent): Promise<void> {
    const { event } = eventIn(written);
    const told = (await this.pullChanges()).filter(
      (change) => change.kind === "event" && change.event.externalEventId === event.externalEventId,
    );
    expect(told).toEqual([{ kind: "event", event }]);
  }

  /** What has been pulled is what a client should see. */
  async expectSame(): Promise<void> {
    await this.pullChanges();
    this.world.expectSame(this.#copy);
  }

  /** Of what a client should see, by time. */
  titles(): string[] {
    const { windowStart, windowEnd } = window;
    return this.control.occurrences(account, windowStart, windowEnd).map(({ title }) => title);
  }

  /** As the simulator names it. */
  internalId({ externalEventId }: CalendarEvent): string {
    return internalEventId(this.control.calendar(account), externalEventId);
  }

  stored(id: string): StoredEvent {
    const found = this.control.calendar(account).stored(id);
    if (found === undefined) throw new Error(`no such event: ${id}`);
    return found;
  }

  /** Its user makes it a series. */
  repeatDaily(event: CalendarEvent, count: number): void {
    const recurrence = [`RRULE:FREQ=DAILY;COUNT=${count}`];
    this.control.updateEvent(account, this.internalId(event), { recurrence });
  }

  /** An event that the calendar's user has made. */
  async foreign(): Promise<CalendarEvent> {
    this.control.createEvent(account, review);
    const [event] = await this.#told();
    return event;
  }

  /** The occurrences of a daily series that the calendar's user has made. */
  async series(count: 3): Promise<[CalendarEvent, CalendarEvent, CalendarEvent]> {
    const recurrence = [`RRULE:FREQ=DAILY;COUNT=${count}`];
    const times = { start: at("2026-12-01T08:30:00"), end: at("2026-12-01T08:45:00") };
    this.control.createEvent(account, { title: "Stand-up", ...times, recurrence });
    const [first, second, third] = (await this.#told()).sort((one, other) => (one.startsAt < other.startsAt ? -1 : 1));
    if (second === undefined || third === undefined) throw new Error("the series was not told");
    return [first, second, third];
  }

  async #told(): Promise<[CalendarEvent, ...CalendarEvent[]]> {
    const changes = await this.pullChanges();
    const [first, ...others] = changes.flatMap((change) => (change.kind === "event" ? [change.event] : []));
    if (first === undefined) throw new Error("no event was told");
    return [first, ...others];
  }
}

/** A write that has come to an event. */
export function eventIn(written: WrittenEvent): Made {
  if (written.kind !== "event") throw new Error(`the event is ${written.kind}`);
  return written;
}
