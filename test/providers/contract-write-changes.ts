import { randomUUID } from "node:crypto";
import { expect, test } from "@jest/globals";
import type { EventContent, EventField } from "../../src/providers/provider.js";
import { content, type WriteWorld } from "./write-world.js";

/** Changes of single events, ours and others'. */
export function describeUpdates(writes: WriteWorld): void {
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

/** Changes of single occurrences of somebody's series. */
export function describeOccurrences(writes: WriteWorld): void {
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
