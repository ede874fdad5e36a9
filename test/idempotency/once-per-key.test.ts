import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Role } from "../../src/access/actor.js";
import { TestApp } from "../support/app.js";
import type { Given } from "../support/given.js";
import {
  ask,
  givenIn,
  keyedDeeds,
  replayAttempt,
  resyncAppointment,
  resyncConnection,
  tracesOf,
  type Answer,
  type KeyedDeed,
} from "./keyed-deeds.js";

// Nobody works on the runs, so that each stays as it was asked for; nobody sweeps the keys.
let app: TestApp;
let given: Given;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  given = givenIn(app);
});

afterAll(async () => {
  await given.close();
  await app.stop();
});

async function asked(deed: KeyedDeed, variables: object, role: Role = "manager", firmId = "1"): Promise<Answer> {
  return ask(app.url, await app.token(role, firmId), deed, variables);
}

function newKey(): string {
  return crypto.randomUUID();
}

const reused = { code: "BAD_USER_INPUT", reason: "IDEMPOTENCY_KEY_REUSED" };
const once = { requests: 1, runs: 1, jobs: 1, keys: 1 };

describe.each(keyedDeeds)("$operation under a key", (deed) => {
  test("is done once, and answers from the same run whenever it is asked again", async () => {
    const { id, connectionId } = await deed.prepare(given);
    const idempotencyKey = newKey();
    const first = await asked(deed, { id, idempotencyKey });
    expect(first).toMatchObject({ status: 200, refusal: null, resultStatus: "RUNNING" });
    for (let again = 0; again < 3; again += 1) expect(await asked(deed, { id, idempotencyKey })).toEqual(first);
    expect(await tracesOf(app, connectionId, deed.eventType)).toEqual(once);
  });

  test("answers from its run when that has been cancelled, and its connection paused or revoked", async () => {
    const { id, connectionId } = await deed.prepare(given);
    const idempotencyKey = newKey();
    const first = await asked(deed, { id, idempotencyKey });
    await app.manager("mutation ($id: ID!) { cancelSyncRun(correlationId: $id) { run { id } } }", {
      id: first.correlationId,
    });
    for (const [status, reason] of [
      ["PAUSED", "MANAGER"],
      ["REVOKED", "CREDENTIALS_REFUSED"],
    ]) {
      await app.sql("update calendar_connection set status = $2, status_reason = $3 where id = $1", [
        connectionId,
        status,
        reason,
      ]);
      expect(await asked(deed, { id, idempotencyKey })).toMatchObject({
        refusal: null,
        resultStatus: "FAIL",
        correlationId: first.correlationId,
      });
    }
    expect(await tracesOf(app, connectionId, deed.eventType)).toMatchObject({ requests: 1, runs: 1, keys: 1 });
  });

  test("is refused for another thing or reason, and leaves the first one as it is; how long it waits is no matter", async () => {
    const [one, other] = [await deed.prepare(given), await deed.prepare(given)];
    const idempotencyKey = newKey();
    const first = await asked(deed, { id: one.id, idempotencyKey, reason: "odd" });
    for (const variables of [{ id: other.id, reason: "odd" }, { id: one.id }, { id: one.id, reason: "even" }]) {
      const { status, refusal } = await asked(deed, { idempotencyKey, ...variables });
      expect({ status, refusal }).toEqual({ status: 200, refusal: reused });
    }
    expect(await asked(deed, { id: one.id, idempotencyKey, reason: "odd", waitSeconds: 1 })).toEqual(first);
    expect(await tracesOf(app, one.connectionId, deed.eventType)).toEqual(once);
    expect(await tracesOf(app, other.connectionId, deed.eventType)).toMatchObject({ requests: 0, keys: 0 });
  });

  test("that is refused stores nothing: the key is free for it later, or for something else", async () => {
    const { id, connectionId } = await deed.prepare(given);
    const before = await tracesOf(app, connectionId, deed.eventType);
    const idempotencyKey = newKey();
    const stop = "update calendar_connection set status = $2, status_reason = $3 where id = $1";
    await app.sql(stop, [connectionId, "PAUSED", "MANAGER"]);
    expect((await asked(deed, { id, idempotencyKey })).refusal).toMatchObject({ reason: "CONNECTION_PAUSED" });
    expect(await asked(deed, { id: "999999", idempotencyKey })).toMatchObject({ refusal: { code: "NOT_FOUND" } });
    expect(await tracesOf(app, connectionId, deed.eventType)).toEqual(before);
    await app.sql(stop, [connectionId, "ACTIVE", null]);
    expect(await asked(deed, { id, idempotencyKey, reason: "resumed" })).toMatchObject({ refusal: null });
    expect(await tracesOf(app, connectionId, deed.eventType)).toEqual(once);
  });

  test("is as new after 24 hours, and stands for what was done then, also if nothing has swept it", async () => {
    const { id, connectionId } = await deed.prepare(given);
    const idempotencyKey = newKey();
    const first = await asked(deed, { id, idempotencyKey });
    const age = "update idempotency_key set created_at = created_at - $2::interval where key = $1";
    await app.sql(age, [idempotencyKey, "23:59:00"]);
    expect(await asked(deed, { id, idempotencyKey })).toEqual(first);
    await app.sql(age, [idempotencyKey, "00:01:00"]);
    const joinedOrRefused = await asked(deed, { id, idempotencyKey, reason: "once more" });
    if (deed === replayAttempt) {
      expect(joinedOrRefused.refusal).toMatchObject({ reason: "REPLAY_ACTIVE" });
      return;
    }
    expect(joinedOrRefused).toEqual(first); // a resync that is active already is joined, and that is a deed of its own
    expect(await tracesOf(app, connectionId, deed.eventType)).toEqual({ ...once, requests: 2 });
    expect(await asked(deed, { id, idempotencyKey, reason: "once more" })).toEqual(first);
    expect((await asked(deed, { id, idempotencyKey })).refusal).toEqual(reused);
    expect(await tracesOf(app, connectionId, deed.eventType)).toEqual({ ...once, requests: 2 });
  });

  test("is another one for another user, and for another firm's user of the same name", async () => {
    const { id } = await deed.prepare(given);
    const theirs = await deed.prepare(given, "2");
    const idempotencyKey = newKey();
    await asked(deed, { id, idempotencyKey, reason: "mine" });
    const second = await asked(deed, { id, idempotencyKey, reason: "theirs" }, "partner");
    if (deed === replayAttempt) expect(second.refusal).toMatchObject({ reason: "REPLAY_ACTIVE" });
    else expect(second.refusal).toBeNull();
    expect(await asked(deed, { id: theirs.id, idempotencyKey }, "manager", "2")).toMatchObject({ refusal: null });
  });
});

test("a key of one operation means nothing to another one", async () => {
  const idempotencyKey = newKey();
  const answers: Answer[] = [];
  for (const deed of keyedDeeds) {
    const { id } = await deed.prepare(given);
    answers.push(await asked(deed, { id, idempotencyKey }));
  }
  expect(answers.map(({ refusal }) => refusal)).toEqual([null, null, null]);
  expect(new Set(answers.map(({ correlationId }) => correlationId)).size).toBe(3);
});

test("users of the same name in two firms have keys of their own", async () => {
  const [ours, theirs] = [await resyncConnection.prepare(given), await resyncConnection.prepare(given, "2")];
  const idempotencyKey = newKey();
  await asked(resyncConnection, { id: ours.id, idempotencyKey });
  await app.sql("update idempotency_key set user_id = 'manager-2' where key = $1", [idempotencyKey]);
  expect((await asked(resyncConnection, { id: theirs.id, idempotencyKey }, "manager", "2")).refusal).toBeNull();
});

describe("the arguments of a resync", () => {
  const bounded: KeyedDeed = {
    ...resyncConnection,
    query: `mutation ($id: ID!, $idempotencyKey: String, $startDate: DateTime, $endDate: DateTime, $allowMassCancel: Boolean! = false) {
      resyncConnection(connectionId: $id, idempotencyKey: $idempotencyKey, startDate: $startDate, endDate: $endDate,
        allowMassCancel: $allowMassCancel, waitSeconds: 0) { result { status correlationId } } }`,
  };
  const bounds = { startDate: "2026-03-01T09:00:00Z", endDate: "2026-03-02T09:00:00Z" };

  test("are the same however an instant is written", async () => {
    const { id, connectionId } = await bounded.prepare(given);
    const idempotencyKey = newKey();
    const first = await asked(bounded, { id, idempotencyKey, ...bounds });
    for (const startDate of ["2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00.000Z"])
      expect(await asked(bounded, { id, idempotencyKey, ...bounds, startDate })).toEqual(first);
    expect(await tracesOf(app, connectionId, bounded.eventType)).toEqual(once);
  });

  test("are others with other bounds, one bound, none, or another leave to cancel", async () => {
    const { id } = await bounded.prepare(given);
    const idempotencyKey = newKey();
    await asked(bounded, { id, idempotencyKey, ...bounds });
    const swapped = { startDate: bounds.endDate, endDate: bounds.startDate };
    for (const other of [
      { ...bounds, endDate: "2026-03-02T09:00:00.001Z" },
      { ...bounds, endDate: null },
      {},
      swapped,
      { ...bounds, allowMassCancel: true },
    ])
      expect((await asked(bounded, { id, idempotencyKey, ...other })).refusal).toEqual(reused);
  });

  test("say the same when null is left out", async () => {
    const { id } = await bounded.prepare(given);
    const idempotencyKey = newKey();
    const first = await asked(bounded, { id, idempotencyKey });
    expect(await asked(bounded, { id, idempotencyKey, startDate: null, endDate: null })).toEqual(first);
  });
});

test("without a key everything is asked anew, and a null key is none", async () => {
  const { id, connectionId } = await resyncAppointment.prepare(given);
  await asked(resyncAppointment, { id });
  await asked(resyncAppointment, { id, idempotencyKey: null });
  expect(await tracesOf(app, connectionId, resyncAppointment.eventType)).toMatchObject({ requests: 2, keys: 0 });
});

describe.each(keyedDeeds)("a key of $operation", (deed) => {
  test.each([
    ["empty", ""],
    ["a blank", " "],
    ["with a blank inside", "a b"],
    ["too long", "x".repeat(256)],
    ["beyond ASCII", "schlüssel"],
    ["with a line break", "a\n"],
    ["with a NUL", "a\0"],
    ["with a lone surrogate", "a\ud800"],
    ["a number", 1],
  ])("that is %s is refused by its name", async (_, idempotencyKey) => {
    expect((await asked(deed, { id: "1", idempotencyKey })).refusal).toMatchObject({
      code: "BAD_USER_INPUT",
      argument: "idempotencyKey",
    });
  });

  test("may have any visible character, and 255 of them", async () => {
    const visible = Array.from({ length: 0x7e - 0x20 }, (_, index) => String.fromCharCode(0x21 + index)).join("");
    for (const idempotencyKey of [visible, visible.repeat(3).slice(0, 255), "k"]) {
      const { id } = await deed.prepare(given);
      expect((await asked(deed, { id, idempotencyKey })).refusal).toBeNull();
    }
  });
});
