import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";

const manyPulls = 200;
const fewPulls = 5;

/** The scheduler, and two worker processes of four runs at once each: a quarter of the workers is two. */
let app: TestApp;
const workers: TestApp[] = [];

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "scheduler", SYNC_INTERVAL_SECONDS: "86400" } });
  for (let processes = 0; processes < 2; processes += 1) {
    workers.push(
      await TestApp.start({
        installation: app.installation,
        environment: { ROLES: "worker" },
      }),
    );
  }
  app.simulator.control.addFault({ times: null, then: { delayMs: 40 } });
});

afterAll(async () => {
  for (const worker of workers) await worker.stop();
  await app.stop();
});

async function connections(firmId: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await app.connect(`staff${index}.${firmId}@example.com`, firmId);
}

async function makeDue(firmId: string): Promise<void> {
  await app.sql("update calendar_connection set next_pull_at = now() where firm_id = $1", [firmId]);
}

async function started(firmId: string): Promise<number> {
  const [row] = await app.sql<{ count: number }>("select count(*)::int as count from sync_attempt where firm_id = $1", [
    firmId,
  ]);
  return row?.count ?? 0;
}

/** The most of a firm's runs under way at the same time, told by the attempts' own times. */
async function mostAtOnce(firmId: string): Promise<number> {
  const [row] = await app.sql<{ most: number }>(
    `select max((select count(*) from sync_attempt other where other.firm_id = one.firm_id
       and other.started_at <= one.started_at and other.finished_at > one.started_at))::int as most
     from sync_attempt one where firm_id = $1`,
    [firmId],
  );
  return row?.most ?? 0;
}

/** How many attempts of a firm were started between two of another one, counted from 1. */
async function startedBetween(firmId: string, otherFirmId: string, first: number, last: number): Promise<number> {
  const [row] = await app.sql<{ count: number }>(
    `with other as (select id, row_number() over (order by id) as number from sync_attempt where firm_id = $2)
     select count(*)::int as count from sync_attempt where firm_id = $1
       and id > (select id from other where number = $3) and id < (select id from other where number = $4)`,
    [firmId, otherFirmId, first, last],
  );
  return row?.count ?? 0;
}

test("a firm with few due pulls does not wait for one with many, which alone has all workers", async () => {
  await connections("1", manyPulls);
  await connections("2", fewPulls);
  await makeDue("1");
  await until(async () => (await started("1")) >= 20);

  await makeDue("2");
  await until(async () => (await started("2")) === fewPulls);
  const [between] = await app.sql<{ count: number }>(
    `select count(*)::int as count from sync_attempt where firm_id = 1
       and started_at > (select min(created_at) from sync_run where firm_id = 2)
       and id < (select max(id) from sync_attempt where firm_id = 2)`,
  );
  expect(between?.count).toBeLessThan(50);

  await until(async () => (await started("1")) === manyPulls);
  expect(await mostAtOnce("1")).toBe(8);
});

test("two firms that want more than their shares have as many workers as each other", async () => {
  await connections("3", 120);
  await connections("4", 50);
  await makeDue("3");
  await until(async () => (await started("3")) >= 16);
  await makeDue("4");
  await until(async () => (await started("4")) === 50);
  expect(await startedBetween("3", "4", 9, 50)).toBeLessThan(60);
  await until(async () => (await started("3")) === 120);
});
