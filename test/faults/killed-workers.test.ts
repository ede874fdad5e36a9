import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Failpoint } from "../../src/failpoints.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { verify } from "../../src/verify/verify.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { ServerProcess } from "../support/server-process.js";
import { storedAndProvided } from "../support/stored.js";

jest.setTimeout(120_000);

/** The API; workers come and go. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
});

afterEach(() => {
  app.simulator.control.setScenario({});
});

afterAll(async () => {
  await app.stop();
});

async function queueResync(connection: string): Promise<string> {
  const mutation = "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { run { id } } }";
  const { resyncConnection } = await app.manager<{ resyncConnection: { run: { id: string } } }>(mutation, {
    id: connection,
  });
  return resyncConnection.run.id;
}

/** A worker that dies at the failpoint; resolves when it is dead. */
async function loseWorkerAt(name: Failpoint): Promise<void> {
  const worker = await ServerProcess.start(app, { roles: "worker", armed: [{ name, action: "kill" }] });
  expect(await worker.ended).toBe("SIGKILL");
  expect(worker.hits()).toMatchObject([{ name, action: "kill" }]);
}

/** What its missing heartbeat tells after ten seconds. */
async function noticeLostWorker(runId: string): Promise<void> {
  await app.sql(
    `update pgboss.job j set state = 'retry', start_after = now() from sync_run r
     where r.id = $1 and r.job_id = j.id and j.state = 'active'`,
    [runId],
  );
}

async function statusOf(runId: string): Promise<string> {
  const [run] = await app.sql<{ status: string }>("select status from sync_run where id = $1", [runId]);
  return String(run?.status);
}

async function attemptsOf(runId: string): Promise<string[]> {
  const rows = await app.sql<{ told: string }>(
    "select concat_ws(' ', status, error_code, retry_count, max_retries_reached) as told from sync_attempt where run_id = $1 order by id",
    [runId],
  );
  return rows.map(({ told }) => told);
}

async function violations(): Promise<string[]> {
  const { invariants } = await verify(app.installation.database.systemUrl);
  return invariants
    .filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled")
    .map(({ name }) => name);
}

describe("a run that kills its workers", () => {
  test("is abandoned with the third one, and the audit says so", async () => {
    const account = "poison@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3);
    const runId = await queueResync(connection);
    for (let lost = 1; lost <= 3; lost += 1) {
      await loseWorkerAt("page.fetched");
      await noticeLostWorker(runId);
    }
    const worker = await ServerProcess.start(app, { roles: "worker" });
    await until(async () => (await statusOf(runId)) === "FAILED");
    expect(await worker.stop()).toBe(0);

    expect(await attemptsOf(runId)).toEqual(["FAIL WORKER_LOST 0 f", "FAIL WORKER_LOST 1 f", "FAIL WORKER_LOST 2 t"]);
    const events = await app.sql<{ event: string; lost: number }>(
      `select event_type || ' ' || severity as event, (metadata ->> 'lost_workers')::int as lost from audit_event
       where event_type = 'calendar_sync_run_abandoned' and resource_id = $1`,
      [runId],
    );
    expect(events).toEqual([{ event: "calendar_sync_run_abandoned error", lost: 3 }]);
    expect(await violations()).toEqual([]);
  });
});

describe.each<[ProviderName, boolean, string]>([
  ["GOOGLE", false, "ACTIVE"],
  ["MICROSOFT", false, "ACTIVE"],
  ["MICROSOFT", true, "REVOKED"],
])(
  "a worker of %s that dies with new tokens in its hand (each refresh token works once: %s)",
  (provider, isStrict, end) => {
    test(`leaves the connection ${end}`, async () => {
      app.simulator.control.setScenario({ isRotationStrict: isStrict });
      const account = `tokens.${provider}.${isStrict ? "strict" : "lenient"}@example.com`;
      const connection = await app.connect(account, "1", provider);
      addEvents(app.simulator, account, 3);
      const runId = await queueResync(connection);
      await loseWorkerAt("token.answered");
      await noticeLostWorker(runId);
      await app.sql("update calendar_credential set refresh_lease_ends_at = now() where connection_id = $1", [
        connection,
      ]);
      const worker = await ServerProcess.start(app, { roles: "worker" });
      await until(async () => ["SUCCEEDED", "HELD"].includes(await statusOf(runId)));
      expect(await worker.stop()).toBe(0);

      const [row] = await app.sql<{ status: string; audited: string }>(
        `select status, (select count(*) from audit_event where event_type = 'calendar_connection_revoked' and resource_id = c.id) as audited
       from calendar_connection c where id = $1`,
        [connection],
      );
      expect(row).toEqual({ status: end, audited: isStrict ? "1" : "0" });
      expect(await attemptsOf(runId)).toHaveLength(2); // never endless
      if (!isStrict) {
        const { stored, provided } = await storedAndProvided(app, connection);
        expect(stored).toEqual(provided);
      }
      expect(await violations()).toEqual([]);
    });
  },
);
