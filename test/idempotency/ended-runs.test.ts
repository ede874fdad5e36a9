import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { verify } from "../../src/verify/verify.js";
import { TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { ask, replayAttempt, resyncAppointment, resyncConnection, type Answer, type KeyedDeed } from "./keyed-deeds.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

async function asked(deed: KeyedDeed, variables: object): Promise<Answer> {
  return ask(app.url, await app.token("manager"), deed, variables);
}

async function onlyId(table: "appointment" | "sync_attempt", connectionId: string): Promise<string> {
  const [row] = await app.sql<{ id: string }>(`select max(id) as id from ${table} where connection_id = $1`, [
    connectionId,
  ]);
  return String(row?.id);
}

/** Attempts, requests and jobs since would show as more of these. */
async function historyOf(connectionId: string): Promise<unknown> {
  return app.sql(
    `select (select count(*) from sync_attempt where connection_id = $1) as attempts,
       (select count(*) from audit_event where actor_id is not null) as requests`,
    [connectionId],
  );
}

/** What a key answers after its run, which a second request waits for, has ended. */
async function expectEnd(deed: KeyedDeed, id: string, connectionId: string): Promise<void> {
  const idempotencyKey = crypto.randomUUID();
  const first = await asked(deed, { id, idempotencyKey, waitSeconds: 0 });
  expect(first.refusal).toBeNull();
  const second = await asked(deed, { id, idempotencyKey, waitSeconds: 25 });
  expect(second).toMatchObject({ refusal: null, resultStatus: "SUCCESS", correlationId: first.correlationId });
  const before = await historyOf(connectionId);
  expect(await asked(deed, { id, idempotencyKey })).toEqual(second);
  await app.quiet(connectionId);
  expect(await historyOf(connectionId)).toEqual(before);
}

test("a key waits for its run as the first request would have, and answers with its end for as long as it holds", async () => {
  const account = "keyed@example.org";
  const connection = await app.connect(account);
  addEvent(app.simulator, account, "One");
  await app.pull(connection);
  await expectEnd(resyncConnection, connection, connection);
  await expectEnd(resyncAppointment, await onlyId("appointment", connection), connection);
});

test("a replay under a key, after the failure it was of is resolved, still answers from its run", async () => {
  const account = "replayed@example.org";
  const connection = await app.connect(account);
  const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: 1, then: { status: 429, body } });
  await app.pull(connection);
  const attempt = await onlyId("sync_attempt", connection);
  await expectEnd(replayAttempt, attempt, connection);
  const withoutKey = await asked(replayAttempt, { id: attempt });
  expect(withoutKey.refusal).toMatchObject({ code: "NOT_REPLAYABLE", reason: "RESOLVED" });
});

test("every invariant holds after all that", async () => {
  await app.sql("update calendar_connection set next_pull_at = now() + interval '1 hour'"); // the tests pull by hand
  const { invariants } = await verify(app.installation.database.systemUrl);
  expect(invariants.filter(({ count }) => count > 0)).toEqual([]);
  const [row] = await app.sql("select count(*)::int as keys from idempotency_key");
  expect(row).toEqual({ keys: 3 });
});
