import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { StoredEvent } from "../../src/simulator/event.js";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, clientOf, dayOn, givenSimulator, hourOn } from "./given.js";
import type { Event, GoogleClient } from "./google-client.js";
import { playHistory } from "./play-history.js";
import type { Sync } from "./play-history.js";

/** What a calendar's user may do, on whatever exists at that moment. */
type Deed =
  | { deed: "create"; day: number; rule: string | null; isAllDay: boolean }
  | { deed: "rename" | "cancel"; which: number }
  | { deed: "move"; which: number; day: number }
  | InstanceDeed
  | { deed: "repeat"; which: number; rule: string }
  | { deed: "restore"; which: number };

type InstanceDeed =
  | { deed: "moveInstance"; which: number; instance: number; day: number }
  | { deed: "cancelInstance"; which: number; instance: number };

const rule = fc.constantFrom(
  "RRULE:FREQ=DAILY;COUNT=5",
  "RRULE:FREQ=WEEKLY;COUNT=3",
  "RRULE:FREQ=WEEKLY;UNTIL=20270301T000000Z;BYDAY=MO,TH",
  "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4",
);

/** Histories of a calendar: of many events far apart, or of few in a few days, where much comes back that was there before. */
function deedsWithin({ events, days }: { events: number; days: number }): fc.Arbitrary<(Deed | Sync)[]> {
  const [which, day, instance] = [fc.nat(events), fc.nat(days), fc.nat(6)];
  return fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          deed: fc.constant("create" as const),
          day,
          rule: fc.option(rule),
          isAllDay: fc.boolean(),
        }),
      },
      fc.record({ deed: fc.constantFrom("rename" as const, "cancel" as const), which }),
      fc.record({ deed: fc.constant("move" as const), which, day }),
      fc.record({ deed: fc.constant("moveInstance" as const), which, instance, day }),
      fc.record({ deed: fc.constant("cancelInstance" as const), which, instance }),
      fc.record({ deed: fc.constant("repeat" as const), which, rule }),
      fc.record({ deed: fc.constant("restore" as const), which }),
      { weight: 2, arbitrary: fc.record({ deed: fc.constant("sync" as const), interruptions: fc.nat(3) }) },
    ),
    { minLength: 5, maxLength: 40 },
  );
}

function dateOf(offset: number): string {
  return new Date(Date.UTC(2026, 10, 1 + offset)).toISOString().slice(0, 10);
}

function input(deed: { day: number; isAllDay: boolean }) {
  return deed.isAllDay ? dayOn(dateOf(deed.day), dateOf(deed.day + 2)) : hourOn(dateOf(deed.day));
}

/** Does a deed; what cannot be done (a cancelled event, an instance that is not there) is left undone. */
function act(simulator: Simulator, deed: Deed): void {
  const { control } = simulator;
  if (deed.deed === "create") {
    control.createEvent(ann, { ...input(deed), ...(deed.rule === null ? {} : { recurrence: [deed.rule] }) });
    return;
  }
  const events = control.calendar(ann).events;
  const event = events[deed.which % Math.max(1, events.length)];
  if (!event) return;
  try {
    change(simulator, event, deed);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "StateError") throw error;
  }
}

function change(simulator: Simulator, event: StoredEvent, deed: Exclude<Deed, { deed: "create" }>): void {
  const { control } = simulator;
  switch (deed.deed) {
    case "rename":
      control.updateEvent(ann, event.id, { title: `Renamed ${event.seq}` });
      break;
    case "cancel":
      control.cancelEvent(ann, event.id);
      break;
    case "move":
      control.updateEvent(ann, event.id, input({ day: deed.day, isAllDay: event.isAllDay }));
      break;
    case "restore":
      control.updateEvent(ann, event.id, { status: "confirmed" });
      break;
    case "repeat":
      control.updateEvent(ann, event.id, { recurrence: [deed.rule] });
      break;
    case "moveInstance":
    case "cancelInstance":
      actOnInstance(simulator, event.id, deed);
  }
}

function actOnInstance(simulator: Simulator, seriesId: string, deed: InstanceDeed): void {
  const { control } = simulator;
  const all = control
    .occurrences(ann, new Date(0), new Date("2100-01-01"))
    .filter(({ id }) => id.startsWith(`${seriesId}_`));
  const target = all[deed.instance % Math.max(1, all.length)];
  if (!target) return;
  if (deed.deed === "cancelInstance") control.cancelEvent(ann, target.id);
  else control.updateEvent(ann, target.id, input({ day: deed.day, isAllDay: target.isAllDay }));
}

/** A client that keeps what it was told: changes replace, deletions take away. */
class Mirror {
  readonly known = new Map<string, Event>();
  #syncToken: string | null = null;

  constructor(
    private readonly client: GoogleClient,
    private readonly isExpanded: boolean,
  ) {}

  async sync(betweenPages: () => void): Promise<void> {
    const parameters = { singleEvents: this.isExpanded, maxResults: 7 };
    const { items, syncToken } = await this.client.list(
      this.#syncToken === null ? parameters : { ...parameters, syncToken: this.#syncToken },
      betweenPages,
    );
    this.#syncToken = syncToken;
    for (const item of items) this.#take(item);
  }

  #take(item: Event): void {
    const id = item.id ?? "";
    if (item.status !== "cancelled") {
      this.known.set(id, item);
      return;
    }
    this.known.delete(id);
    for (const [other, { recurringEventId }] of this.known) if (recurringEventId === id) this.known.delete(other);
  }

  /** Ids with start, end and title, by id. */
  told(): string[] {
    return [...this.known.values()].map(summary).sort();
  }
}

function summary(event: Event): string {
  const instant = (moment: Event["start"]) =>
    new Date(moment?.dateTime ?? `${moment?.date ?? ""}T00:00:00Z`).toISOString();
  return `${event.id ?? ""} ${instant(event.start)} ${instant(event.end)} ${event.summary ?? ""}`;
}

async function mirrorsAgree(history: readonly (Deed | Sync)[]): Promise<void> {
  const simulator = await givenSimulator();
  try {
    simulator.control.addAccount(ann, { timeZone: "Europe/Zurich" });
    const client = clientOf(simulator, ann);
    const [expanded, plain] = [new Mirror(client, true), new Mirror(client, false)];
    await playHistory(
      history,
      (deed: Deed) => {
        act(simulator, deed);
      },
      [expanded, plain],
    );
    const expected = simulator.control.occurrences(ann, new Date(0), new Date("2100-01-01"));
    expect(expanded.told()).toEqual(
      expected.map(({ id, startsAt, endsAt, title }) => `${id} ${startsAt} ${endsAt} ${title}`).sort(),
    );
    const listed = (await client.list({ singleEvents: false })).items.filter(({ status }) => status !== "cancelled");
    expect(plain.told()).toEqual(listed.map(summary).sort());
  } finally {
    await simulator.close();
  }
}

describe("any history of a calendar", () => {
  test.each([
    { events: 20, days: 60 },
    { events: 2, days: 3 },
  ])(
    "followed by its changes alone, gives what the calendar holds, expanded or not: $events events, $days days",
    async (bounds) => {
      await fc.assert(fc.asyncProperty(deedsWithin(bounds), mirrorsAgree), { numRuns: 60, endOnFailure: false });
    },
  );

  test("an exception whose instance comes back as a plain one is told as gone", async () => {
    await mirrorsAgree([
      { deed: "create", day: 32, rule: "RRULE:FREQ=DAILY;COUNT=5", isAllDay: false },
      { deed: "moveInstance", which: 0, instance: 0, day: 0 },
      { deed: "sync", interruptions: 0 },
      { deed: "move", which: 0, day: 0 },
      { deed: "create", day: 0, rule: null, isAllDay: false },
      { deed: "rename", which: 0 },
      { deed: "repeat", which: 0, rule: "RRULE:FREQ=DAILY;COUNT=5" },
      { deed: "repeat", which: 0, rule: "RRULE:FREQ=WEEKLY;UNTIL=20270301T000000Z;BYDAY=MO,TH" },
    ]);
  });
});
