import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { describeOccurrences, describeUpdates } from "./contract-write-changes.js";
import { describeWriteConflicts } from "./contract-write-conflicts.js";
import { describeWriteTimes } from "./contract-write-times.js";
import { describeLostWrites } from "./contract-write-faults.js";
import { describeWriteHistories } from "./contract-write-histories.js";
import { describeRefusedWrites } from "./contract-write-refusals.js";
import { ContractWorld, type ContractSubject } from "./contract-world.js";
import { content, WriteWorld } from "./write-world.js";

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
    describeWriteTimes(writes);
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
    ["nothing", ""],
    ["characters that a database refuses", "A\0B\uD800C"],
  ])("tells a title of %s as reading does", async (_name, title) => {
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
