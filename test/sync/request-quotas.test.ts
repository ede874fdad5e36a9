import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { googleQuotas } from "../../src/providers/google/quotas.js";
import type { RequestQuota } from "../../src/providers/provider.js";
import { openSystemDatabase, type Database } from "../../src/database/orm.js";
import { RequestQuotas } from "../../src/sync/request-quotas.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { seen } from "../support/manager.js";

let app: TestApp;

beforeEach(async () => {
  app = await TestApp.start({ environment: { ROLES: "api,scheduler" } });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await app.stop();
});

/** Google's quotas are the provider's: here they are lower. */
function lowerQuota(scope: RequestQuota["scope"], requests: number, windowSeconds: number): void {
  const quota = googleQuotas.find((one) => one.scope === scope);
  if (!quota) throw new Error(`Google has no quota of scope ${scope}`);
  jest.replaceProperty(quota, "requests", requests);
  jest.replaceProperty(quota, "windowSeconds", windowSeconds);
}

function startWorker(): Promise<TestApp> {
  return TestApp.start({ installation: app.installation, environment: { ROLES: "worker" } });
}

async function makeDue(): Promise<void> {
  await app.sql("update calendar_connection set next_pull_at = now()");
}

interface Outcome {
  status: string;
  error_code: string | null;
  request_count: number;
  provider_status: number | null;
  waits: boolean;
}

async function outcomes(): Promise<Outcome[]> {
  return app.sql<Outcome>(
    `select status, error_code, request_count, provider_status, provider_retry_at > finished_at as waits
     from sync_attempt where finished_at is not null order by status desc, id`,
  );
}

test("two processes together ask no more than a project may; what is over that is rate limited without being sent", async () => {
  lowerQuota("APPLICATION", 7, 3600);
  for (let index = 0; index < 10; index += 1) await app.connect(`staff${index}@example.com`);
  await makeDue();
  const workers = [await startWorker(), await startWorker()];
  await until(async () => (await outcomes()).length === 10);
  for (const worker of workers) await worker.stop();

  expect(app.simulator.control.requests()).toHaveLength(7);
  const refused = (await outcomes()).filter(({ status }) => status === "FAIL");
  expect(refused.length).toBeGreaterThanOrEqual(6);
  for (const one of refused) {
    expect(one).toMatchObject({ error_code: "RATE_LIMITED", provider_status: null, waits: true });
  }
  expect((await outcomes()).reduce((sum, one) => sum + one.request_count, 0)).toBe(7);
});

test("a mailbox's quota counts all its calendars, and no other mailbox's", async () => {
  lowerQuota("MAILBOX", 2, 3600);
  const full = await app.connect("full@example.com");
  const other = await app.connect("other@example.com");
  const worker = await startWorker();
  await app.pull(full);
  await app.sql("update calendar_connection set cursor = null, cursor_fingerprint = null");
  await app.pull(full);
  await app.pull(other);
  await worker.stop();

  const [failed] = (await seen(app, full)).failedAttempts.nodes;
  expect(failed).toMatchObject({ errorClass: "RATE_LIMITED", errorCode: "RATE_LIMITED", remedy: "WAIT" });
  expect(app.simulator.control.requests({ account: "full@example.com" })).toHaveLength(2);
  expect((await seen(app, other)).failedAttempts.totalCount).toBe(0);
});

test("a quota that is free again in a moment is waited for within the attempt", async () => {
  lowerQuota("MAILBOX", 2, 1);
  const connection = await app.connect("patient@example.com");
  addEvents(app.simulator, "patient@example.com", 3000);
  app.simulator.control.setScenario({ pages: "empty" });
  const worker = await startWorker();
  await app.pull(connection);
  await worker.stop();
  const [attempt, ...others] = await outcomes();
  expect(others).toEqual([]);
  expect(attempt).toMatchObject({ status: "SUCCESS" });
  expect(attempt?.request_count).toBeGreaterThan(2);
});

test("what an attempt has leased and not asked is given back, and a full quota tells when one is left again", async () => {
  const database: Database = await openSystemDatabase(app.installation.database.systemUrl, 4);
  const shared = new RequestQuotas(database.em);
  const quotas = [
    { key: "all", scope: "APPLICATION", requests: 100, windowSeconds: 1000 },
    { key: "one", scope: "MAILBOX", requests: 10, windowSeconds: 1000 },
  ] as const;
  const leases = await Promise.all(Array.from({ length: 30 }, () => shared.lease(quotas, 1)));
  expect(leases.filter(Boolean)).toHaveLength(10);
  const used = await app.sql("select key, used from across_firms.provider_quota order by key");
  expect(used).toEqual([
    { key: "all", used: 10 },
    { key: "one", used: 10 },
  ]);
  expect(await shared.secondsUntilOneIsLeft(quotas)).toBeGreaterThan(0);

  await shared.giveBack(["all", "one"], 4);
  expect(await shared.lease(quotas, 5)).toBe(false);
  expect(await shared.lease(quotas, 4)).toBe(true);

  await app.sql("update across_firms.provider_quota set window_number = window_number - 1");
  expect(await shared.lease(quotas, 10)).toBe(false);
  await app.sql("update across_firms.provider_quota set window_number = window_number - 1");
  expect(await shared.lease(quotas, 10)).toBe(true);
  await database.close();
});
