import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { TestApp, until } from "../support/app.js";
import type { Given } from "../support/given.js";
import { ask, givenIn, keyedDeeds, resyncConnection, tracesOf, type Answer, type KeyedDeed } from "./keyed-deeds.js";

// Two processes that serve one database; nobody works on the runs.
let first: TestApp;
let second: TestApp;
let given: Given;
let token: string;

beforeAll(async () => {
  first = await TestApp.start({ environment: { ROLES: "api" } });
  second = await TestApp.start({ environment: { ROLES: "api" }, installation: first.installation });
  given = givenIn(first);
  token = await first.token("manager");
});

afterAll(async () => {
  await given.close();
  await second.stop();
  await first.stop();
});

const inFlight = { code: "CONFLICT", reason: "IDEMPOTENCY_KEY_IN_FLIGHT" };
const once = { requests: 1, runs: 1, jobs: 1, keys: 1 };

test.each(keyedDeeds)("$operation asked twenty times at once of two processes is done once", async (deed) => {
  const { id, connectionId } = await deed.prepare(given);
  const variables = { id, idempotencyKey: crypto.randomUUID() };
  const urls = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? first : second).url);
  const answers = await Promise.all(urls.map((url) => ask(url, token, deed, variables)));

  const answered = answers.filter(({ refusal }) => refusal === null);
  expect(new Set(answered.map(({ correlationId }) => correlationId)).size).toBe(1);
  for (const { refusal } of answers) expect([null, inFlight]).toContainEqual(refusal);
  expect(await tracesOf(first, connectionId, deed.eventType)).toEqual(once);
});

/** A deed whose transaction waits for its connection's row, which the test holds until it is let go. */
async function waiting(deed: KeyedDeed, variables: { id: string; idempotencyKey: string }, connectionId: string) {
  const holder = new pg.Client(first.installation.database.superuserUrl);
  await holder.connect();
  await holder.query("begin");
  await holder.query("select from calendar_connection where id = $1 for update", [connectionId]);
  const answer = ask(first.url, token, deed, variables);
  await until(async () => (await waitingSessions()).length === 1);
  return {
    answer,
    letGo: async (): Promise<Answer> => {
      await holder.end();
      return answer;
    },
  };
}

async function waitingSessions(): Promise<number[]> {
  const rows = await first.sql<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock' and application_name = 'calendar-sync-admin'`,
  );
  return rows.map(({ pid }) => pid);
}

describe("while the first one's transaction is in flight", () => {
  test.each(keyedDeeds)(
    "$operation with its key is refused, by any process, and then answers from it",
    async (deed) => {
      const { id, connectionId } = await deed.prepare(given);
      const variables = { id, idempotencyKey: crypto.randomUUID() };
      const { letGo } = await waiting(deed, variables, connectionId);
      const refused = await Promise.all([second, first].map(({ url }) => ask(url, token, deed, variables)));
      const done = await letGo();
      expect(refused.map(({ refusal }) => refusal)).toEqual([inFlight, inFlight]);
      expect(done).toMatchObject({ refusal: null, resultStatus: "RUNNING" });
      expect(await ask(second.url, token, deed, variables)).toEqual(done);
      expect(await tracesOf(first, connectionId, deed.eventType)).toEqual(once);
    },
  );

  test("another key goes its own way", async () => {
    const [one, other] = [await resyncConnection.prepare(given), await resyncConnection.prepare(given)];
    const { letGo } = await waiting(resyncConnection, { id: one.id, idempotencyKey: "k1" }, one.connectionId);
    const beside = await ask(second.url, token, resyncConnection, { id: other.id, idempotencyKey: "k2" });
    expect((await letGo()).refusal).toBeNull();
    expect(beside.refusal).toBeNull();
  });
});

test.each(keyedDeeds)("$operation whose session is killed in its transaction has stored nothing", async (deed) => {
  const { id, connectionId } = await deed.prepare(given);
  const before = await tracesOf(first, connectionId, deed.eventType);
  const variables = { id, idempotencyKey: crypto.randomUUID() };
  const { answer, letGo } = await waiting(deed, variables, connectionId);
  for (const pid of await waitingSessions()) await first.sql("select pg_terminate_backend($1)", [pid]);
  expect(await answer).toMatchObject({ status: 503, refusal: { code: "UNAVAILABLE" } });
  await letGo();
  expect(await tracesOf(first, connectionId, deed.eventType)).toEqual(before);
  expect(await ask(second.url, token, deed, variables)).toMatchObject({ refusal: null });
  expect(await tracesOf(first, connectionId, deed.eventType)).toEqual(once);
});
