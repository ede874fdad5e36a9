import { randomUUID } from "node:crypto";
import { afterEach, expect, jest, test } from "@jest/globals";
import type { FaultInput } from "../../src/simulator/faults.js";
import { failureOf } from "./contract-world.js";
import { withoutKeys } from "./planted-requests.js";
import { content, eventIn, type WriteWorld } from "./write-world.js";

const disturbances: [string, FaultInput["then"], string][] = [
  ["a closed connection", { destroy: true }, "CONNECTION_ERROR"],
  ["503", { status: 503, headers: { "retry-after": "7" } }, "PROVIDER_UNAVAILABLE"],
  ["a truncated answer", { truncate: true }, "MALFORMED_ANSWER"],
  ["another answer", { status: 200, body: { id: "x" } }, "MALFORMED_ANSWER"],
];
const moments = ["before", "after"] as const;
const cases = moments
  .flatMap((when) => disturbances.map(([name, then, errorCode]) => ({ name, then, errorCode, when })))
  // Half of an answer is one to a request that was carried out.
  .filter(({ then, when }) => when === "after" || then.truncate !== true);

/** Nobody knows whether a write was carried out whose answer is lost: repeating it comes to the same either way. */
export function describeLostWrites(writes: WriteWorld): void {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const disturb = (method: string, then: FaultInput["then"], when: FaultInput["when"]) =>
    writes.control.addFault({ match: { method, pathRegex: "/events" }, then, when });
  const expected = (errorCode: string) => ({ errorCode, errorClass: "TRANSIENT", action: { kind: "FAIL" } });

  test.each(cases)("by $name $when an event is made: repeated, there is one", async ({ then, errorCode, when }) => {
    const eventKey = randomUUID();
    disturb("POST", then, when);
    expect(await failureOf(writes.create(eventKey))).toMatchObject(expected(errorCode));
    const isMade = when === "after";
    expect(await writes.find(eventKey)).toEqual(isMade ? expect.objectContaining({ eventKey }) : null);
    const written = await writes.create(eventKey);
    expect(written).toMatchObject({ kind: "event", isChanged: !isMade, event: content });
    expect(writes.titles()).toEqual([content.title]);
    await writes.expectEcho(written);
  });

  test.each(cases)("by $name $when it is changed: repeated, it is changed once", async ({ then, errorCode, when }) => {
    const { event } = await writes.made(randomUUID());
    disturb("PATCH", then, when);
    const update = () => writes.update(event, { ...content, title: "Changed" }, ["title"]);
    expect(await failureOf(update())).toMatchObject(expected(errorCode));
    const written = await update();
    expect(written).toMatchObject({ isChanged: when === "before", event: { title: "Changed" } });
    await writes.expectEcho(written);
  });

  test.each(moments)("by a closed connection %s it is deleted: repeated, it is gone", async (when) => {
    const { event } = await writes.made(randomUUID());
    disturb("DELETE", { destroy: true }, when);
    expect(await failureOf(writes.delete(event))).toMatchObject(expected("CONNECTION_ERROR"));
    await writes.delete(event);
    expect(writes.titles()).toEqual([]);
  });

  test("while the event is looked for fails, and changes nothing", async () => {
    const eventKey = randomUUID();
    const { event } = await writes.made(eventKey);
    disturb("GET", { destroy: true }, "before");
    expect(await failureOf(writes.create(eventKey, { ...content, title: "Later" }))).toMatchObject(
      expected("CONNECTION_ERROR"),
    );
    disturb("GET", { status: 200, body: {} }, "before");
    expect(await failureOf(writes.update(event, { ...content, title: "Later" }, ["title"]))).toMatchObject(
      expected("MALFORMED_ANSWER"),
    );
    disturb("GET", { destroy: true }, "before");
    expect(await failureOf(writes.find(eventKey))).toMatchObject(expected("CONNECTION_ERROR"));
    expect(writes.titles()).toEqual([content.title]);
  });

  /** A lost answer and the repeated request; then what the calendar holds. */
  const makeRepeatedly = async (): Promise<string[]> => {
    const eventKey = randomUUID();
    disturb("POST", { destroy: true }, "after");
    await failureOf(writes.create(eventKey));
    eventIn(await writes.create(eventKey));
    return writes.titles();
  };

  test("makes two events as soon as requests go out without the key", async () => {
    expect(await makeRepeatedly()).toEqual([content.title]);
    withoutKeys();
    expect(await makeRepeatedly()).toEqual([content.title, content.title, content.title]);
  });
}
