import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { ProviderTraffic } from "../../src/sync/provider-traffic.js";
import { until } from "../support/app.js";
import { isLong } from "../support/long.js";
import { OutageWorld } from "./outage-world.js";

jest.setTimeout(120_000);

const retryBurst = 10;
const watchedMs = 8000;

let world: OutageWorld;

afterEach(async () => {
  jest.restoreAllMocks();
  await world.stop();
});

/** Forty connections whose provider is down, two processes, and no breaker: what reached the provider against what may. */
async function outage(): Promise<{ requests: number; allowed: number }> {
  world = await OutageWorld.start({
    connections: 40,
    processes: 2,
    limits: { retryBurst, breakerConnections: 1_000_000 },
  });
  world.goDown();
  const begun = await world.databaseSeconds();
  await world.schedule();
  await until(async () => (await world.attempts()).first === 40);
  await delay(watchedMs);
  const requests = world.requests();
  const seconds = (await world.databaseSeconds()) - begun;
  const { first } = await world.attempts();
  return { requests, allowed: 1.1 * first + retryBurst + 1 + seconds };
}

describe("in an outage with many due retries", () => {
  test("no more requests reach the provider than first tries and the budget allow; every retry is looked at twice at most", async () => {
    const { requests, allowed } = await outage();
    expect(requests).toBeLessThanOrEqual(allowed);
    expect(requests).toBeGreaterThan(40 + retryBurst); // the budget is used

    const { all } = await world.attempts();
    const [jobs] = await world.app.sql<{ count: number }>(
      "select count(*)::int as count from pgboss.job where name = 'sync'",
    );
    // One for each attempt, one that is put off to its place, and the ones that wait there.
    expect(jobs?.count).toBeLessThanOrEqual(2 * all + 40);
    expect(await world.count("status = 'RETRYING' and has_retry_slot")).toBeGreaterThan(20);
    expect(await world.violations()).toEqual([]);
  });

  test("the time of a retry that waits for its place is told truly, and no failure is counted for it", async () => {
    await outage();
    const rows = await world.app.sql<{ is_true: boolean; spread: number }>(
      `select bool_and(abs(extract(epoch from j.start_after - r.next_retry_at)) < 0.1 and a.next_retry_at = r.next_retry_at) as is_true,
         extract(epoch from max(r.next_retry_at) - min(r.next_retry_at))::float8 as spread
       from sync_run r join pgboss.job j on j.id = r.job_id join sync_attempt a on a.id = r.open_failure_id
       where r.status = 'RETRYING' and r.has_retry_slot and j.state = 'created'`,
    );
    expect(rows[0]?.is_true).toBe(true);
    expect(rows[0]?.spread).toBeGreaterThan(15); // more than twenty, a second apart
    // In one snapshot: an attempt may be running.
    const [counted] = await world.app.sql<{ counted: number; failed: number }>(
      `select (select sum(transient_failures)::int from connection_statistics) as counted,
         (select count(*)::int from sync_attempt where status = 'FAIL') as failed`,
    );
    expect(counted?.failed).toBeGreaterThan(40);
    expect(counted?.counted).toBe(counted?.failed);
  });

  if (isLong)
    test("this test finds a budget that is never empty", async () => {
      jest.spyOn(ProviderTraffic.prototype, "reserveRetry").mockResolvedValue({ kind: "START", isProbe: false });
      const { requests, allowed } = await outage();
      expect(requests).toBeGreaterThan(allowed);
    });
});

test("a replay draws nothing from an empty budget", async () => {
  world = await OutageWorld.start({ connections: 1, limits: { retryBurst: 1, retriesPerSecond: 0.001 } });
  const { app } = world;
  const [connection] = world.connections;
  world.goDown();
  await world.schedule();
  await until(async () => (await world.count("status = 'RETRYING' and has_retry_slot")) === 1);
  world.comeBack();
  const [failed] = await app.sql<{ id: string }>("select max(id) as id from sync_attempt where connection_id = $1", [
    connection,
  ]);
  expect(
    await app.manager("mutation ($id: ID!) { replayAttempt(attemptId: $id) { result { status } } }", {
      id: failed?.id,
    }),
  ).toEqual({ replayAttempt: { result: { status: "SUCCESS" } } });
  expect(await world.violations()).toEqual([]);
});
