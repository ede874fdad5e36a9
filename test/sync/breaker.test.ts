import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { ProviderTraffic } from "../../src/sync/provider-traffic.js";
import { until } from "../support/app.js";
import { isLong } from "../support/long.js";
import { seen } from "../support/manager.js";
import { OutageWorld, type OutageWorldOptions } from "./outage-world.js";

jest.setTimeout(120_000);

/** Quick probes; the budget plays no part. */
const limits = { retryBurst: 1_000_000, firstProbeSeconds: 1, longestProbeSeconds: 2 };
/** Nothing is probed while a test looks. */
const farProbe = { ...limits, firstProbeSeconds: 3600, longestProbeSeconds: 3600 };

let world: OutageWorld;

afterEach(async () => {
  jest.restoreAllMocks();
  await world.stop();
});

/** Ten connections of three firms that have pulled once; then their provider goes down, and its breaker opens. */
async function outage(options: Partial<OutageWorldOptions> = {}): Promise<void> {
  world = await OutageWorld.start({ connections: 10, limits, ...options });
  await goDown();
}

async function goDown(): Promise<void> {
  await world.schedule();
  await until(async () => (await world.count("status = 'SUCCEEDED'")) === 10);
  // As if that were long ago: what has gone well in the last minute speaks for the provider.
  await world.app.sql(
    "update sync_attempt set started_at = started_at - interval '10 min', finished_at = finished_at - interval '10 min'",
  );
  await world.app.sql(
    "update connection_statistics set last_sync_at = last_sync_at - interval '10 min', last_successful_sync_at = last_successful_sync_at - interval '10 min'",
  );
  world.goDown();
  await world.schedule();
}

/** Until the breaker is open, and so is the last start that was allowed before it opened: nothing is under way that does not wait for it. */
async function breakerOpens(): Promise<void> {
  await until(() => world.isBreakerOpen());
  const underWay = "status = 'RUNNING' or status in ('QUEUED', 'RETRYING') and not waits_for_provider";
  await until(async () => (await world.count(underWay)) === 0);
}

const resync = `mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 15) { result { status nextRetryAt } } }`;

describe("while a provider is down", () => {
  test("its work is held back without attempts, only probes reach it; when one succeeds everything goes on, and nothing is lost", async () => {
    await outage({ processes: 2, environment: { MAX_RETRIES: "20" } });
    await breakerOpens();
    await until(async () => (await world.count("waits_for_provider")) >= 9);
    const { all } = await world.attempts();
    const before = world.requests();
    const begun = await world.databaseSeconds();
    await delay(5000);
    const seconds = (await world.databaseSeconds()) - begun;
    // After one second, then every two: one request each.
    expect(world.requests() - before).toBeLessThanOrEqual(2 + seconds / limits.firstProbeSeconds);
    expect((await world.attempts()).all).toBeGreaterThan(all); // there were probes
    expect(await world.violations()).toEqual([]);
    await seesWhatWaits();

    world.comeBack();
    await until(async () => (await world.count("status = 'SUCCEEDED'")) === 20);
    expect(await world.isBreakerOpen()).toBe(false);
    expect(await world.count("waits_for_provider or status in ('QUEUED', 'RETRYING')")).toBe(0);
    expect(await world.violations()).toEqual([]);
    const [slowed] = await world.app.sql<{ count: number }>(
      "select count(*)::int as count from calendar_connection where circuit_failures > 0",
    );
    expect(slowed?.count).toBe(0);
  });

  /** A manager of the first firm sees of every run of hers when it is looked at again. */
  async function seesWhatWaits(): Promise<void> {
    const [id] = await world.app.sql<{ id: string }>(
      "select connection_id as id from sync_run where firm_id = 1 and status = 'RETRYING' and waits_for_provider limit 1",
    );
    const { syncRuns, syncStatus } = await seen(world.app, String(id?.id));
    const [waiting] = syncRuns.nodes;
    expect(waiting?.status).toBe("RETRYING");
    expect(waiting?.nextRetryAt).toEqual(expect.any(String));
    expect(syncStatus.health).toBe("DELAYED");
  }

  test("new pulls stay queued, and the time of the next one is told", async () => {
    await outage({ limits: farProbe, environment: { MAX_RETRIES: "0" } });
    await breakerOpens();
    const { all } = await world.attempts();
    const late = await world.connect();
    await world.app.sql("update calendar_connection set next_pull_at = now() where id = $1", [late]);
    await until(
      async () => (await world.count(`connection_id = ${late} and status = 'QUEUED' and waits_for_provider`)) === 1,
    );
    const { syncStatus } = await seen(world.app, late);
    expect(Date.parse(String(syncStatus.nextSyncAt))).toBeGreaterThan(Date.now() + 3_000_000);
    expect((await world.attempts()).all).toBe(all);

    world.comeBack();
    await world.app.sql("update across_firms.provider_traffic set probe_at = now() where provider = 'GOOGLE'");
    await until(async () => (await world.count(`connection_id = ${late} and status = 'SUCCEEDED'`)) > 0);
    expect(await world.violations()).toEqual([]);
  });

  test("a manager's resync probes it at once: one that succeeds brings everything back", async () => {
    await outage({ limits: farProbe, environment: { MAX_RETRIES: "20" } });
    await breakerOpens();
    const [connection] = world.connections;
    const before = world.requests();
    expect(await world.app.manager(resync, { id: connection })).toMatchObject({
      resyncConnection: { result: { status: "FAIL" } },
    });
    expect(world.requests() - before).toBe(1);
    expect(await world.isBreakerOpen()).toBe(true);

    world.comeBack();
    const failed = (await seen(world.app, String(connection))).failedAttempts.nodes[0];
    expect(
      await world.app.manager("mutation ($id: ID!) { replayAttempt(attemptId: $id) { result { status } } }", {
        id: failed?.id,
      }),
    ).toEqual({ replayAttempt: { result: { status: "SUCCESS" } } });
    await until(async () => (await world.count("status in ('QUEUED', 'RUNNING', 'RETRYING')")) === 0);
    expect(await world.isBreakerOpen()).toBe(false);
    expect(await world.violations()).toEqual([]);
  });

  test("what fails does not count for the circuits of its connections", async () => {
    await outage({ limits: { ...farProbe, circuitFailedRuns: 2 }, environment: { MAX_RETRIES: "0" } });
    await breakerOpens();
    const [connection] = world.connections;
    const failures = async () => {
      const [row] = await world.app.sql<{ circuit: number; row: number; opened: boolean }>(
        `select circuit_failures as circuit, consecutive_failures as row, circuit_opened_at is not null as opened
         from calendar_connection c join connection_statistics s on s.connection_id = c.id where c.id = $1`,
        [connection],
      );
      return row;
    };
    for (let times = 0; times < 3; times += 1) await world.app.manager(resync, { id: connection });
    expect(await failures()).toMatchObject({ circuit: 0, opened: false });
    expect((await failures())?.row).toBeGreaterThanOrEqual(3);
    expect(await world.violations()).toEqual([]);
  });

  test("the other provider is synced as usual", async () => {
    await outage({ limits: farProbe, environment: { MAX_RETRIES: "20" } });
    await breakerOpens();
    world.comeBack();
    const other = await world.app.connect("graph@example.com", "1", "MICROSOFT");
    await world.app.pull(other);
    expect(await world.count(`connection_id = ${other} and status = 'SUCCEEDED'`)).toBe(1);
    expect(await world.isBreakerOpen()).toBe(true);
  });

  test("a probe whose worker is killed is made again by another one, and nothing is lost", async () => {
    world = await OutageWorld.start({
      connections: 10,
      environment: { MAX_RETRIES: "20", ROLES: "api,scheduler" },
      limits,
    });
    const doomed = await world.startWorkerProcess(limits);
    await goDown();
    await breakerOpens();
    world.goDown("is silent");
    const before = world.requests();
    await until(() => Promise.resolve(world.requests() > before)); // a probe that gets no answer
    doomed.child.kill("SIGKILL");
    await doomed.ended;
    world.comeBack();
    expect(await world.count("status = 'RUNNING'")).toBe(1);
    expect(await world.violations()).toEqual([]);

    const worker = await world.startWorkerProcess(limits);
    await until(async () => (await world.count("status = 'SUCCEEDED'")) === 20);
    expect(await world.isBreakerOpen()).toBe(false);
    expect(await world.violations()).toEqual([]);
    worker.child.kill("SIGTERM");
    await worker.ended;
  });
});

if (isLong)
  test("these tests find a breaker that never opens", async () => {
    jest.spyOn(ProviderTraffic.prototype, "openBreaker").mockResolvedValue(false);
    await outage({ environment: { MAX_RETRIES: "20" } });
    await until(async () => (await world.attempts()).all > 40);
    const before = world.requests();
    const begun = await world.databaseSeconds();
    await delay(3000);
    const seconds = (await world.databaseSeconds()) - begun;
    expect(world.requests() - before).toBeGreaterThan(2 + seconds / limits.firstProbeSeconds);
  });
