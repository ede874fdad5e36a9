import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Status } from "../../src/status/status.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { Given } from "../support/given.js";
import { environmentOf, runCommandProcess, type CommandOutcome } from "./command-process.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let database: TestDatabase;
let given: Given;

beforeAll(async () => {
  database = await createTestDatabase();
  given = new Given(database.superuserUrl);
  await fillTwoFirms();
});

afterAll(async () => {
  await given.close();
  await database.drop();
});

/** Firm 1: one healthy, one stale with two failures and a slowed pull. Firm 2: one revoked, one paused. And a provider that is down. */
async function fillTwoFirms(): Promise<void> {
  const healthy = await given.connection({ next_pull_at: "2099-01-01T00:00:00Z" });
  await given.counters(healthy, { last_successful_sync_at: new Date() });
  await given.run(healthy, { finished_at: new Date() });
  const stale = await given.connection({
    ...{ provider: "MICROSOFT", created_at: "2026-01-01T00:00:00Z", next_pull_at: "2026-01-02T00:00:00Z" },
    ...{ circuit_opened_at: "2026-01-03T00:00:00Z", circuit_failures: 20 },
  });
  await given.openFailure(stale, { provider: "MICROSOFT", max_retries_reached: true, next_retry_at: null });
  await given.openFailure(stale, { provider: "MICROSOFT", error_code: "TIMEOUT" }, waitingForProvider);
  await given.counters(stale, { open_exhausted: 1, open_retryable: 1 });
  await given.connection({ firm_id: "2", status: "REVOKED", status_reason: "CREDENTIALS_REFUSED" });
  await given.connection({ firm_id: "2", status: "PAUSED", status_reason: "MANAGER" });
  await given.sql(`update across_firms.provider_traffic set breaker_opened_at = now(), probe_at = now() + interval '1 minute',
    failed_probes = 2 where provider = 'MICROSOFT'`);
  await given.sql(
    "insert into across_firms.worker_process (id, concurrency, lease_ends_at) values ($1, 7, now() + interval '1 hour')",
    [randomUUID()],
  );
  await queueJobs();
}

const waitingForProvider = {
  ...{ status: "RETRYING", finished_at: null, next_retry_at: "2099-01-01T00:00:00Z", waits_for_provider: true },
};

/** One that could have started ten minutes ago, one for later, both of firm 1. */
async function queueJobs(): Promise<void> {
  const job = `insert into pgboss.job (name, data, start_after, created_on) values ('sync', '{"firmId": "1", "runId": "1"}', $1, $1)`;
  const minutes = 60_000;
  await given.sql(job, [new Date(Date.now() - 10 * minutes)]);
  await given.sql(job, [new Date(Date.now() + 10 * minutes)]);
}

function run(...args: string[]): Promise<CommandOutcome> {
  return runCommandProcess("status", args, environmentOf(database));
}

async function statusOf(...args: string[]): Promise<Status> {
  const { exitCode, stdout, stderr } = await run("--json", ...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout) as Status;
}

describe("npm run status", () => {
  test("tells over all firms what runs, waits and fails", async () => {
    const status = await statusOf();
    expect(status.connections).toEqual([
      { provider: "GOOGLE", status: "ACTIVE", health: "HEALTHY", count: 1 },
      { provider: "GOOGLE", status: "PAUSED", health: "PAUSED", count: 1 },
      { provider: "GOOGLE", status: "REVOKED", health: "ACTION_NEEDED", count: 1 },
      { provider: "MICROSOFT", status: "ACTIVE", health: "STALE", count: 1 },
    ]);
    expect(status.withoutSuccess).toMatchObject({
      count: 1,
      first: [{ firmId: "1", provider: "MICROSOFT", lastSuccessAt: null, errorCode: "TIMEOUT" }],
    });
    expect(status.openCircuits).toBe(1);
    expect(status.runs.map(({ status: name, count }) => [name, count])).toEqual([
      ["RETRYING", 1],
      ["SUCCEEDED", 1],
    ]);
    expect(status.queue).toMatchObject({ due: 1, later: 1, underWay: 0 });
    expect(status.queue.oldestDueSeconds).toBeGreaterThanOrEqual(600);
    expect(status.openFailures.map(({ errorCode, count, usedUp }) => ({ errorCode, count, usedUp }))).toEqual([
      { errorCode: "PROVIDER_UNAVAILABLE", count: 1, usedUp: 1 },
      { errorCode: "TIMEOUT", count: 1, usedUp: 0 },
    ]);
    expect(
      status.providers.map(({ provider, breaker, failedProbes, runsWaiting }) => ({
        provider,
        breaker,
        failedProbes,
        runsWaiting,
      })),
    ).toEqual([
      { provider: "GOOGLE", breaker: "CLOSED", failedProbes: 0, runsWaiting: 0 },
      { provider: "MICROSOFT", breaker: "OPEN", failedProbes: 2, runsWaiting: 1 },
    ]);
    expect(status.processes).toMatchObject({ workers: 1, workerPlaces: 7, seen: [] });
  });

  test("of one firm tells its own connections, runs and jobs alone", async () => {
    const status = await statusOf("--firm", "2");
    expect(status.connections.map(({ health }) => health)).toEqual(["PAUSED", "ACTION_NEEDED"]);
    expect(status).toMatchObject({ firmId: "2", runs: [], openFailures: [], openCircuits: 0 });
    expect(status.withoutSuccess).toEqual({ count: 0, first: [] });
    expect(status.queue).toEqual({ due: 0, oldestDueSeconds: null, later: 0, underWay: 0 });
  });

  test("is tables of text without --json, and names no person, address or calendar", async () => {
    const { exitCode, stdout } = await run();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Status of all firms at \d{4}-.*Z\n\nConnections\n {2}provider +status +health +count\n/);
    expect(stdout).toMatch(/\n {2}MICROSOFT +OPEN +\d{4}-/);
    for (const text of [stdout, JSON.stringify(await statusOf())]) expect(text).not.toMatch(/@|ada|Firm \d|calendar-/);
  });

  test("works on an empty database, with the rights of the system login", async () => {
    const empty = await createTestDatabase();
    const { exitCode, stdout, stderr } = await runCommandProcess("status", [], environmentOf(empty));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/\nConnections\n {2}there is none\n/);
    await empty.drop();
  });

  test("changes nothing", async () => {
    const client = new pg.Client(database.superuserUrl);
    await client.connect();
    try {
      const before = await contents(client);
      await statusOf();
      expect(await contents(client)).toEqual(before);
    } finally {
      await client.end();
    }
  });

  test("exits 2 with its usage when it is called wrongly", async () => {
    for (const args of [["--firm", "x"], ["--firm", "0"], ["--quick"], ["1"]]) {
      const { exitCode, stderr } = await run(...args);
      expect({ args, exitCode }).toEqual({ args, exitCode: 2 });
      expect(stderr).toMatch(/^status: .*Usage: npm run status -- .*\n$/);
    }
  });
});

/** A hash of what each table holds. */
async function contents(client: pg.Client): Promise<unknown[]> {
  const rows = "format('select md5(string_agg(t::text, '','' order by t::text)) from %s t', c.oid::regclass)";
  const { rows: hashes } = await client.query<{ name: string; rows: string }>(
    `select c.oid::regclass::text as name, query_to_xml(${rows}, true, true, '')::text as rows from pg_class c
     where c.relkind = 'r' and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema') order by 1`,
  );
  return hashes;
}
