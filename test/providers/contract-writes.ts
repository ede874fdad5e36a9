import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { EventContent, EventField } from "../../src/providers/provider.js";
import { describeWriteConflicts } from "./contract-write-conflicts.js";
import { describeLostWrites } from "./contract-write-faults.js";
import { describeWriteHistories } from "./contract-write-histories.js";
import { describeRefusedWrites } from "./contract-write-refusals.js";
import { ContractWorld, type ContractSubject } from "./contract-world.js";
import { content, eventIn, WriteWorld } from "./write-world.js";

/** What every provider keeps to when its events are written, over its official client against the simulator. */
export function describeWriteContract(subject: ContractSubject): void {
  const world = new ContractWorld(subject);
  const writes = new WriteWorld(world);
  beforeAll(() => world.start());
  afterAll(() => world.close());
  beforeEach(async () => {
    world.reset();
    await writes.begin();
  });
  afterEach(() => {
    // Whatever a test has done, no client has repeated a request by itself.
    expect(world.control.requests()).toHaveLength(world.requests);
  });
  describe("making an event", () => {
    describeCreations(writes);
  });
  describe("changing an event", () => {
    describeUpdates(writes);
  });
  describe("changing an occurrence of a series", () => {
    describeOccurrences(writes);
  });
  describe("deleting an event", () => {
    describeDeletions(writes);
  });
  describe("the time of an event", () => {
    describeTimes(writes);
  });
  describe("a change at the same time", () => {
    describeWriteConflicts(writes);
  });
  describe("an answer that is lost", () => {
    describeLostWrites(writes);
  });
  describe("any history of writes", () => {
    describeWriteHistories(writes);
  });
  describe("a write that is refused", () => {
    describeRefusedWrites(writes, subject);
  });
}

function describeCreations(writes: WriteWorld): void {
  test("tells it as the next changes do, in one request", async () => {
    const before = writes.requests;
    const written = await writes.create(randomUUID());
    expect(writes.requests - before).toBe(1);
    expect(written).toMatchObject({ kind: "event", isChanged: true, event: { ...content, recurringEventId: null } });
    await writes.expectEcho(written);
  });

  test("tells its key, also when it is asked for by id", async () => {
    const eventKey = randomUUID();
    const { event } = await writes.made(eventKey);
    expect(event.eventKey).toBe(eventKey);
    expect(await writes.known(event)).toEqual([{ kind: "event", event }]);
  });

  test("twice with the same key makes one event", async () => {
    const eventKey = randomUUID();
    const { event } = await writes.made(eventKey);
    expect(await writes.create(eventKey)).toEqual({ kind: "event", event, isChanged: false });
    expect(writes.titles()).toEqual([content.title]);
  });

  test("with the same key and another content brings the event to that", async () => {
    const eventKey = randomUUID();
    const { event } = await writes.made(eventKey);
    const later = { ...content, title: "Later", isTentative: true, endsAt: "2026-12-01T12:00:00.000Z" };
    const written = await writes.create(eventKey, later);
    expect(written).toEqual({ kind: "event", event: { ...event, ...later }, isChanged: true });
    await writes.expectEcho(written);
    expect(writes.titles()).toEqual(["Later"]);
  });

  test("with two keys makes two events of the same content", async () => {
    await writes.made(randomUUID());
    await writes.made(randomUUID());
    expect(writes.titles()).toEqual([content.title, content.title]);
  });

  test("that somebody has deleted since does not bring it back", async () => {
    const eventKey = randomUUID();
    const { event } = await writes.made(eventKey);
    writes.control.deleteEvent(writes.account, writes.internalId(event));
    expect(await writes.create(eventKey)).toEqual({ kind: "gone" });
    expect(writes.titles()).toEqual([]);
  });

  test("that somebody has made a series of changes none of its occurrences", async () => {
    const eventKey = randomUUID();
    const { event } = await writes.made(eventKey);
    writes.repeatDaily(event, 3);
    expect(await writes.create(eventKey, { ...content, title: "Later" })).toEqual({ kind: "gone" });
    expect(writes.titles()).toEqual([content.title, content.title, content.title]);
  });

  test.each([
    ["letters of every script and symbols", 'Übung "Ärzte" & Tee <b> 日本 👩‍⚕️'],
    ["no title", ""],
    ["characters that a database refuses", "A\0B\uD800C"],
  ])("with %s in its title tells the title as reading does", async (_name, title) => {
    const eventKey = randomUUID();
    const written = await writes.create(eventKey, { ...content, title });
    await writes.expectEcho(written);
    expect(await writes.create(eventKey, { ...content, title })).toEqual({ ...written, isChanged: false });
  });

  test("is found by its key until it is gone, and nothing else is", async () => {
    const eventKey = randomUUID();
    expect(await writes.find(eventKey)).toBeNull();
    const { event } = await writes.made(eventKey);
    await writes.made(randomUUID());
    expect(await writes.find(eventKey)).toEqual(event);
    writes.control.deleteEvent(writes.account, writes.internalId(event));
    expect(await writes.find(eventKey)).toBeNull();
  });
}

function describeUpdates(writes: WriteWorld): void {
  const changed: EventContent = {
    title: "Changed",
    isTentative: true,
    startsAt: "2026-12-03T07:15:00.000Z",
    endsAt: "2026-12-03T07:45:00.000Z",
    isAllDay: false,
    timeZone: "America/New_York",
  };
  const { startsAt, endsAt, isAllDay, timeZone } = changed;

  test.each<[EventField[], Partial<EventContent>]>([
    [["title"], { title: "Changed" }],
    [["status"], { isTentative: true }],
    [["times"], { startsAt, endsAt, isAllDay, timeZone }],
    [["title", "status", "times"], changed],
  ])("writes %j and leaves the rest as it is", async (fields, expected) => {
    const { event } = await writes.made(randomUUID());
    const written = await writes.update(event, changed, fields);
    expect(written).toEqual({ kind: "event", event: { ...event, ...expected }, isChanged: true });
    await writes.expectEcho(written);
    expect(await writes.update(event, changed, fields)).toEqual({ ...written, isChanged: false });
  });

  test("keeps what else the event has at the provider", async () => {
    const { event } = await writes.made(randomUUID());
    const id = writes.internalId(event);
    writes.control.updateEvent(writes.account, id, { description: "Bring the papers", location: "Room 3" });
    await writes.update(event, changed, ["title", "status", "times"]);
    const { content: stored } = writes.stored(id);
    expect(stored).toMatchObject({ title: "Changed", description: "Bring the papers", location: "Room 3" });
  });

  test("changes one that is not ours as well, which stays without a key", async () => {
    const event = await writes.foreign();
    const written = await writes.update(event, changed, ["title"]);
    expect(written).toMatchObject({ event: { title: "Changed", eventKey: null, startsAt: event.startsAt } });
    await writes.expectEcho(written);
  });

  test("that is deleted, or becomes a series, is gone", async () => {
    const deleted = await writes.made(randomUUID());
    writes.control.deleteEvent(writes.account, writes.internalId(deleted.event));
    expect(await writes.update(deleted.event, changed, ["title"])).toEqual({ kind: "gone" });
    const repeated = await writes.made(randomUUID());
    writes.repeatDaily(repeated.event, 2);
    expect(await writes.update(repeated.event, changed, ["title"])).toEqual({ kind: "gone" });
    expect(writes.titles()).toEqual([content.title, content.title]);
  });

  test("that is cancelled is gone", async () => {
    const { event } = await writes.made(randomUUID());
    writes.control.cancelEvent(writes.account, writes.internalId(event));
    expect(await writes.update(event, changed, ["title"])).toEqual({ kind: "gone" });
  });
}

function describeOccurrences(writes: WriteWorld): void {
  test("makes an exception of it and leaves the others", async () => {
    const [, second] = await writes.series(3);
    const times = { startsAt: "2026-12-02T13:00:00.000Z", endsAt: "2026-12-02T13:30:00.000Z" };
    const written = await writes.update(second, { ...content, ...times, title: "Special" }, ["title", "times"]);
    expect(written).toMatchObject({
      isChanged: true,
      event: { ...times, title: "Special", externalEventId: second.externalEventId, eventKey: null },
    });
    await writes.expectEcho(written);
    await writes.expectSame();
    expect(writes.titles()).toEqual(["Stand-up", "Special", "Stand-up"]);
  });

  test("by deleting it leaves the others", async () => {
    const [, second] = await writes.series(3);
    await writes.delete(second);
    await writes.delete(second);
    expect(writes.titles()).toEqual(["Stand-up", "Stand-up"]);
    expect(await writes.update(second, content, ["title"])).toEqual({ kind: "gone" });
  });
}

function describeDeletions(writes: WriteWorld): void {
  test("once and again leaves nothing, and the changes tell it", async () => {
    const { event } = await writes.made(randomUUID());
    await writes.pullChanges();
    await writes.delete(event);
    await writes.delete(event);
    expect(writes.titles()).toEqual([]);
    await writes.expectSame();
  });

  test("that was changed meanwhile deletes it all the same", async () => {
    const { event } = await writes.made(randomUUID());
    writes.control.updateEvent(writes.account, writes.internalId(event), { title: "Somebody's" });
    await writes.delete(event);
    expect(writes.titles()).toEqual([]);
  });

  test("that has become a series deletes none of its occurrences", async () => {
    const { event } = await writes.made(randomUUID());
    writes.repeatDaily(event, 3);
    await writes.delete(event);
    expect(writes.titles()).toHaveLength(3);
  });
}

const day = (from: string, to: string): EventContent => ({
  ...content,
  startsAt: `${from}T00:00:00.000Z`,
  endsAt: `${to}T00:00:00.000Z`,
  isAllDay: true,
  timeZone: null,
});
const hour = (startsAt: string, endsAt: string, timeZone: string | null): EventContent => ({
  ...content,
  startsAt: `${startsAt}:00.000Z`,
  endsAt: `${endsAt}:00.000Z`,
  timeZone,
});

/** What it may be changed to and from. */
const times: [string, EventContent][] = [
  ["a day", day("2026-12-01", "2026-12-02")],
  ["three days over a change of the clocks", day("2027-03-27", "2027-03-30")],
  ["an hour", hour("2026-12-01T09:00", "2026-12-01T10:00", "Europe/Berlin")],
  ["no length", hour("2026-12-01T09:00", "2026-12-01T09:00", "Europe/Berlin")],
  ["a night in another zone", hour("2026-12-01T04:30", "2026-12-01T12:00", "America/New_York")],
  ["the hour before the clocks go forward", hour("2027-03-28T00:30", "2027-03-28T01:30", "Europe/Berlin")],
  ["the hour that clocks show first in autumn", hour("2026-10-25T00:15", "2026-10-25T00:45", "Europe/Berlin")],
  ["the hour that clocks show again in autumn", hour("2026-10-25T01:15", "2026-10-25T01:45", "Europe/Berlin")],
  ["from one of them into the other", hour("2026-10-25T00:30", "2026-10-25T01:30", "Europe/Berlin")],
  ["a zone of half hours", hour("2026-12-01T04:30", "2026-12-01T05:15", "Australia/Adelaide")],
  ["a zone that shares its Windows name", hour("2026-12-01T04:30", "2026-12-01T05:15", "Europe/Zurich")],
  ["a zone that Windows does not have", hour("2026-12-01T04:30", "2026-12-01T05:15", "Antarctica/Troll")],
  ["a zone under its new name", hour("2026-12-01T04:30", "2026-12-01T05:15", "Europe/Kyiv")],
  ["no zone", hour("2026-12-01T04:30", "2026-12-01T05:15", null)],
];

function describeTimes(writes: WriteWorld): void {
  const shown = ({ startsAt, endsAt, isAllDay }: EventContent) => ({ startsAt, endsAt, isAllDay });

  test.each(times)("is %s, told as it was given", async (_name, given) => {
    const eventKey = randomUUID();
    const written = await writes.create(eventKey, given);
    expect(written).toMatchObject({ event: shown(given) });
    await writes.expectEcho(written);
    expect(await writes.create(eventKey, given)).toEqual({ ...written, isChanged: false });
  });

  test("is changed from each of these to the next", async () => {
    const { event } = await writes.made(randomUUID());
    for (const [, given] of [...times, ...times.toReversed()]) {
      const written = await writes.update(event, given, ["times"]);
      expect(written).toMatchObject({ event: { ...shown(given), title: content.title } });
      if (eventIn(written).isChanged) await writes.expectEcho(written);
      await writes.expectSame();
    }
  });
}
