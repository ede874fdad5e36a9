import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { openSystemDatabase, type Database } from "../../src/database/orm.js";
import { sweepKeys } from "../../src/idempotency/sweep-keys.js";
import { TestApp, until } from "../support/app.js";
import type { Given } from "../support/given.js";
import { givenIn } from "./keyed-deeds.js";

let app: TestApp;
let given: Given;
let system: Database;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  given = givenIn(app);
  system = await openSystemDatabase(app.installation.database.systemUrl, 1);
});

afterAll(async () => {
  await system.close();
  await given.close();
  await app.stop();
});

/** So many keys of a firm, stored so long ago. */
async function keys(firmId: string, count: number, age: string): Promise<void> {
  const runId = await given.run(await given.connection({ firm_id: firmId }), { firm_id: firmId });
  await given.sql(
    `insert into idempotency_key (firm_id, user_id, operation, key, arguments_hash, run_id, created_at)
     select $1, 'manager-1', 'resyncConnection', gen_random_uuid(), sha256('arguments'), $2, now() - $3::interval
     from generate_series(1, $4)`,
    [firmId, runId, age, count],
  );
}

async function keysOf(firmId: string): Promise<number> {
  const [row] = await given.sql<{ count: number }>(
    "select count(*)::int as count from idempotency_key where firm_id = $1",
    [firmId],
  );
  return Number(row?.count);
}

test("a sweep removes no more than it may at once, the oldest first, and only what has expired", async () => {
  await keys("1", 5, "25:00:00");
  await keys("1", 3, "23:59:00");
  await keys("2", 4, "26:00:00");
  expect(await sweepKeys(system.em, 4)).toBe(4);
  expect([await keysOf("1"), await keysOf("2")]).toEqual([8, 0]);
  expect(await sweepKeys(system.em, 100)).toBe(5);
  expect([await keysOf("1"), await keysOf("2")]).toEqual([3, 0]);
  expect(await sweepKeys(system.em, 100)).toBe(0);
});

test("a key that is used anew while it is swept stays", async () => {
  await keys("3", 1, "25:00:00");
  const user = new pg.Client(app.installation.database.superuserUrl);
  await user.connect();
  await user.query("begin");
  await user.query("update idempotency_key set created_at = now() where firm_id = 3");
  const swept = sweepKeys(system.em, 100);
  await until(async () => (await given.sql("select from pg_locks where not granted")).length > 0);
  await user.query("commit");
  await user.end();
  expect(await swept).toBe(0);
  expect(await keysOf("3")).toBe(1);
});

test("the scheduler sweeps the keys of all firms, batch after batch", async () => {
  await keys("4", 1200, "24:00:01");
  await keys("5", 2, "24:00:01");
  await keys("5", 1, "00:00:01");
  const scheduler = await TestApp.start({ environment: { ROLES: "scheduler" }, installation: app.installation });
  await until(async () => (await keysOf("4")) === 0 && (await keysOf("5")) === 1).finally(() => scheduler.stop());
});

test("a run that is erased takes its keys along, and no other", async () => {
  await keys("6", 2, "00:00:01");
  await keys("6", 1, "00:00:01");
  await given.sql("delete from sync_run where id = (select min(run_id) from idempotency_key where firm_id = 6)");
  expect(await keysOf("6")).toBe(1);
});
