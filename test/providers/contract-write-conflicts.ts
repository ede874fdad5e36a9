import { randomUUID } from "node:crypto";
import { afterEach, expect, jest, test } from "@jest/globals";
import { failureOf } from "./contract-world.js";
import { alterRequests } from "./planted-requests.js";
import { content, eventIn, type WriteWorld } from "./write-world.js";

/** What happens when somebody else changes an event while it is being written. */
export function describeWriteConflicts(writes: WriteWorld): void {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** Does something before every second request of the next writes: after each reading, before its writing. */
  const betweenReadingAndWriting = (times: number, deed: (time: number) => void): void => {
    const before = writes.requests;
    writes.world.beforeRequest = () => {
      const sent = writes.requests - before;
      if (sent % 2 === 1 && sent < times * 2) deed((sent + 1) / 2);
    };
  };

  test.each([1, 2, 3])("to another field is kept, also %i times in a row", async (times) => {
    const { event } = await writes.made(randomUUID());
    const id = writes.internalId(event);
    betweenReadingAndWriting(times, (time) => {
      writes.control.updateEvent(writes.account, id, { description: `Change ${time}`, status: "tentative" });
    });
    const before = writes.requests;
    const written = await writes.update(event, { ...content, title: "Ours" }, ["title"]);
    expect(writes.requests - before).toBe(2 * (times + 1));
    expect(written).toMatchObject({ isChanged: true, event: { title: "Ours", isTentative: true } });
    expect(writes.stored(id).content).toMatchObject({ title: "Ours", description: `Change ${times}` });
    await writes.expectEcho(written);
  });

  test("to the same field is overwritten", async () => {
    const { event } = await writes.made(randomUUID());
    betweenReadingAndWriting(1, () => {
      writes.control.updateEvent(writes.account, writes.internalId(event), { title: "Somebody's" });
    });
    const written = await writes.update(event, { ...content, title: "Ours" }, ["title"]);
    expect(eventIn(written).event.title).toBe("Ours");
    expect(writes.titles()).toEqual(["Ours"]);
  });

  test("to the same content needs no write", async () => {
    const { event } = await writes.made(randomUUID());
    betweenReadingAndWriting(1, () => {
      writes.control.updateEvent(writes.account, writes.internalId(event), { title: "Ours" });
    });
    const before = writes.requests;
    expect(await writes.update(event, { ...content, title: "Ours" }, ["title"])).toMatchObject({ isChanged: false });
    expect(writes.requests - before).toBe(3);
  });

  test("four times in a row fails for the time being, and the next attempt succeeds", async () => {
    const { event } = await writes.made(randomUUID());
    betweenReadingAndWriting(4, (time) => {
      writes.control.updateEvent(writes.account, writes.internalId(event), { description: `Change ${time}` });
    });
    const before = writes.requests;
    const ours = { ...content, title: "Ours" };
    expect(await failureOf(writes.update(event, ours, ["title"]))).toMatchObject({
      errorCode: "EVENT_CONFLICT",
      errorClass: "TRANSIENT",
      action: { kind: "FAIL" },
      providerStatus: 412,
    });
    expect(writes.requests - before).toBe(8);
    expect(writes.titles()).toEqual([content.title]);
    expect(await writes.update(event, ours, ["title"])).toMatchObject({ isChanged: true, event: { title: "Ours" } });
  });

  test("is not noticed as soon as requests go out without the version that was read", async () => {
    alterRequests("PATCH", (asked) => {
      asked.headers.delete("if-match");
      return asked;
    });
    const { event } = await writes.made(randomUUID());
    betweenReadingAndWriting(1, () => {
      writes.control.updateEvent(writes.account, writes.internalId(event), { title: "Somebody's" });
    });
    const before = writes.requests;
    await writes.update(event, { ...content, title: "Ours" }, ["title"]);
    expect(writes.requests - before).toBe(2);
  });

  test.each<[string, (id: string) => void]>([
    ["deletes it", (id) => void writes.control.deleteEvent(writes.account, id)],
    ["cancels it", (id) => void writes.control.cancelEvent(writes.account, id)],
  ])("that %s wins", async (_name, remove) => {
    const { event } = await writes.made(randomUUID());
    betweenReadingAndWriting(1, () => {
      remove(writes.internalId(event));
    });
    expect(await writes.update(event, { ...content, title: "Ours" }, ["title"])).toEqual({ kind: "gone" });
    expect(writes.titles()).toEqual([]);
  });

  test("that deletes it makes our deletion a success", async () => {
    const { event } = await writes.made(randomUUID());
    betweenReadingAndWriting(1, () => {
      writes.control.deleteEvent(writes.account, writes.internalId(event));
    });
    await writes.delete(event);
    expect(writes.titles()).toEqual([]);
  });

  test("to one occurrence of a series leaves the write of another one right", async () => {
    const [first, second] = await writes.series(3);
    betweenReadingAndWriting(1, () => {
      writes.control.updateEvent(writes.account, writes.internalId(first), { title: "Somebody's" });
    });
    const written = await writes.update(second, { ...content, title: "Ours" }, ["title"]);
    expect(written).toMatchObject({ isChanged: true, event: { title: "Ours" } });
    expect(writes.titles()).toEqual(["Somebody's", "Ours", "Stand-up"]);
  });
}
