import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { demoCalendars } from "../../src/simulator/demo-calendars.js";
import { CalendarCopy } from "./calendar-copy.js";
import { describeBoundedRounds, describeInterruptedRounds } from "./contract-bounded.js";
import { describeDisturbances, describeRefusals } from "./contract-failures.js";
import { describeHistories } from "./contract-histories.js";
import { describeSeries } from "./contract-series.js";
import { describeSingleEvents } from "./contract-single-events.js";
import {
  account,
  at,
  ContractWorld,
  failureOf,
  fullRound,
  now,
  review,
  window,
  type ContractSubject,
} from "./contract-world.js";

/** What every provider keeps to, over its official client against the simulator. */
export function describeProviderContract(subject: ContractSubject): void {
  describe(`${subject.name}: real calendars`, () => {
    describeRealCalendars(subject);
  });
  describe(`${subject.name}: made calendars`, () => {
    const world = new ContractWorld(subject);
    beforeAll(() => world.start());
    afterAll(() => world.close());
    beforeEach(() => {
      world.reset();
    });
    describe("a full round", () => {
      describeFullRounds(world);
    });
    describe("a round from a cursor", () => {
      describeRoundsFromCursors(world);
    });
    describe("a series", () => {
      describeSeries(world);
    });
    describe("an event that is held", () => {
      describeSingleEvents(world);
    });
    describe("a bounded round", () => {
      describeBoundedRounds(world);
    });
    describe("a round that is interrupted", () => {
      describeInterruptedRounds(world);
    });
    describe("any history", () => {
      describeHistories(world);
    });
    describe("what does not go on", () => {
      describeRefusals(world, subject);
    });
    describe("a disturbed request", () => {
      describeDisturbances(world, subject);
    });
  });
}

function describeRealCalendars(subject: ContractSubject): void {
  const world = new ContractWorld(subject);
  beforeAll(async () => world.start(await demoCalendars({ now })));
  afterAll(() => world.close());

  test.each(["town", "feeds", "holidays", "centre"])(
    "a full round of %s tells what a client should see",
    async (local) => {
      const owner = `${local}@example.com`;
      const copy = new CalendarCopy();
      const pages = await world.pull(copy, fullRound, owner);
      world.expectSame(copy, owner);
      expect(copy.occurrences(window).length).toBeGreaterThan(10);
      expect(pages.flatMap(({ changes }) => changes).filter(({ kind }) => kind !== "event")).toEqual([]);
    },
  );
}

const standUp = {
  title: "Stand-up",
  start: at("2026-10-20T08:30:00"),
  end: at("2026-10-20T08:45:00"),
  recurrence: ["RRULE:FREQ=DAILY;COUNT=30"],
};

/** Ten daily series without an end: several pages of any provider. */
function fillSeveralPages(world: ContractWorld): void {
  for (let hour = 8; hour < 18; hour += 1) {
    const day = `2026-06-02T${String(hour).padStart(2, "0")}`;
    const times = { start: at(`${day}:00:00`), end: at(`${day}:30:00`) };
    world.control.createEvent(account, { title: `At ${hour}`, ...times, recurrence: ["RRULE:FREQ=DAILY"] });
  }
}

function describeFullRounds(world: ContractWorld): void {
  test("of an empty calendar is one empty page with a cursor", async () => {
    const pages = await world.pull(new CalendarCopy());
    expect(pages).toEqual([
      { changes: [], nextPageToken: null, resumePageToken: null, nextCursor: expect.any(String) },
    ]);
  });

  test.each(["full", "short", "empty"] as const)(
    "goes over several pages (%s), and only the last has the cursor",
    async (pages) => {
      fillSeveralPages(world);
      world.control.setScenario({ pages, hasDuplicates: true });
      const copy = new CalendarCopy();
      const told = await world.pull(copy);
      expect(told.length).toBeGreaterThan(1);
      expect(told.map(({ nextCursor }) => nextCursor !== null)).toEqual(
        told.map((_page, index) => index === told.length - 1),
      );
      world.expectSame(copy);
    },
  );

  test("leaves out what is cancelled, also single occurrences, and keeps what has no length", async () => {
    const { control } = world;
    const { id } = control.createEvent(account, standUp);
    control.cancelEvent(account, `${id}_20261021T063000Z`);
    control.cancelEvent(account, control.createEvent(account, review).id);
    control.createEvent(account, { title: "Now", start: at("2026-11-23T09:00:00"), end: at("2026-11-23T09:00:00") });
    control.createEvent(account, {
      title: "Edge",
      start: at("2026-06-01T00:00:00Z", "UTC"),
      end: at("2026-06-01T00:00:00Z", "UTC"),
    });
    const copy = new CalendarCopy();
    await world.pull(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(31);
  });

  test("without a token to go on from is a malformed answer", async () => {
    world.control.setScenario({ isWithoutSyncToken: true });
    expect(await failureOf(world.pull(new CalendarCopy()))).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
  });
}

function describeRoundsFromCursors(world: ContractWorld): void {
  test("tells nothing when nothing has changed, and gives a cursor again", async () => {
    world.control.createEvent(account, review);
    const copy = new CalendarCopy();
    await world.pull(copy);
    expect(await world.pullChanges(copy)).toEqual([
      { changes: [], nextPageToken: null, resumePageToken: null, nextCursor: expect.any(String) },
    ]);
    world.expectSame(copy);
  });

  test("tells what was created, renamed, moved and cancelled, and nothing else", async () => {
    const { control } = world;
    const ids = ["One", "Two", "Three", "Four"].map((title) => control.createEvent(account, { ...review, title }).id);
    const copy = new CalendarCopy();
    await world.pull(copy);
    control.updateEvent(account, ids[1] ?? "", { title: "Two, renamed" });
    control.updateEvent(account, ids[2] ?? "", { start: at("2026-12-01T09:00:00") });
    control.cancelEvent(account, ids[3] ?? "");
    control.createEvent(account, { ...review, title: "Five", status: "tentative" });
    const changes = (await world.pullChanges(copy)).flatMap((page) => page.changes);
    expect(changes.map(({ kind }) => kind).sort()).toEqual(["event", "event", "event", "removed"]);
    world.expectSame(copy);
  });

  test("tells of single occurrences of a series that were cancelled or moved", async () => {
    const { control } = world;
    const { id } = control.createEvent(account, standUp);
    const copy = new CalendarCopy();
    await world.pull(copy);
    control.cancelEvent(account, `${id}_20261021T063000Z`);
    control.updateEvent(account, `${id}_20261022T063000Z`, { start: at("2026-10-22T11:00:00") });
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(29);
  });

  test.each(["instances", "series"] as const)("tells of a deleted series (as its %s)", async (deletedSeries) => {
    const { control } = world;
    control.setScenario({ deletedSeries });
    const { id } = control.createEvent(account, standUp);
    control.createEvent(account, review);
    const copy = new CalendarCopy();
    await world.pull(copy);
    control.deleteEvent(account, id);
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(1);
  });
}
