import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Failpoint } from "../../src/failpoints.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { storedAndProvided } from "../support/stored.js";
import { attemptsOf, noticeLostWorker, queueResync, statusOf, violations } from "./lost-workers.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(120_000);

/** The API and the scheduler; workers come and go. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api,scheduler" } });
});

afterEach(() => {
  app.simulator.control.setScenario({});
});

afterAll(async () => {
  await app.stop();
});

/** A worker that dies at the failpoint; resolves when it is dead. */
async function loseWorkerAt(name: Failpoint, planted?: PlantedFault): Promise<void> {
  const worker = await ServerProcess.start(app, { roles: "worker", armed: [{ name, action: "kill" }], planted });
  expect(await worker.ended).toBe("SIGKILL");
  expect(worker.hits()).toMatchObject([{ name, action: "kill" }]);
}

/** A run that has killed so many workers. */
async function poisonousRun(account: string, workers: number): Promise<string> {
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  const runId = await queueResync(app, connection);
  for (let lost = 1; lost <= workers; lost += 1) {
    await loseWorkerAt("page.fetched");
    await noticeLostWorker(app, runId);
  }
  return runId;
}

/** What becomes of the run when the next worker takes its job. */
async function endOf(runId: string, planted?: PlantedFault): Promise<string> {
  const worker = await ServerProcess.start(app, { roles: "worker", planted });
  await until(async () => ["FAILED", "SUCCEEDED", "HELD"].includes(await statusOf(app, runId)));
  expect(await worker.stop()).toBe(0);
  return statusOf(app, runId);
}

describe("a run that kills its workers", () => {
  test("is abandoned with the third one, and the audit says so", async () => {
    const runId = await poisonousRun("poison@example.com", 3);
    expect(await endOf(runId)).toBe("FAILED");

    expect(await attemptsOf(app, runId)).toEqual([
      "FAIL WORKER_LOST 0 f",
      "FAIL WORKER_LOST 1 f",
      "FAIL WORKER_LOST 2 t",
    ]);
    const events = await app.sql<{ event: string; lost: number }>(
      `select event_type || ' ' || severity as event, (metadata ->> 'lost_workers')::int as lost from audit_event
       where event_type = 'calendar_sync_run_abandoned' and resource_id = $1`,
      [runId],
    );
    expect(events).toEqual([{ event: "calendar_sync_run_abandoned error", lost: 3 }]);
    expect(await violations(app)).toEqual([]);
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
      const runId = await queueResync(app, connection);
      await loseWorkerAt("token.answered");
      await noticeLostWorker(app, runId);
      await app.sql("update calendar_credential set refresh_lease_ends_at = now() where connection_id = $1", [
        connection,
      ]);
      const worker = await ServerProcess.start(app, { roles: "worker" });
      await until(async () => ["SUCCEEDED", "HELD"].includes(await statusOf(app, runId)));
      expect(await worker.stop()).toBe(0);

      const [row] = await app.sql<{ status: string; audited: string }>(
        `select status, (select count(*) from audit_event where event_type = 'calendar_connection_revoked' and resource_id = c.id) as audited
       from calendar_connection c where id = $1`,
        [connection],
      );
      expect(row).toEqual({ status: end, audited: isStrict ? "1" : "0" });
      expect(await attemptsOf(app, runId)).toHaveLength(2); // never endless
      if (!isStrict) {
        const { stored, provided } = await storedAndProvided(app, connection);
        expect(stored).toEqual(provided);
      }
      expect(await violations(app)).toEqual([]);
    });
  },
);

test("a worker that dies between the end of a pull and the resync that waited behind it leaves both to the next one", async () => {
  const account = "behind@example.com";
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 2_000 } });
  const dying = loseWorkerAt("waiting-pull.sent");
  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
  const running = "select id from sync_run where connection_id = $1 and status = 'RUNNING'";
  await until(async () => (await app.sql(running, [connection])).length === 1);
  const [pull] = await app.sql<{ id: string }>(running, [connection]);
  const resync = await queueResync(app, connection);
  await dying;
  expect(await statusOf(app, String(pull?.id))).toBe("RUNNING");
  await noticeLostWorker(app, String(pull?.id));
  expect(await endOf(resync)).toBe("SUCCEEDED");
  expect(await statusOf(app, String(pull?.id))).toBe("SUCCEEDED");
  expect(await violations(app)).toEqual([]);
});

/** Last: what they leave behind stays visible. */
if (isLong)
  describe("it is noticed when a run", () => {
    test("is left behind where its job is completed before its work, and verify sees it", async () => {
      const account = "left@example.com";
      const connection = await app.connect(account);
      const runId = await queueResync(app, connection);
      await loseWorkerAt("start.committed", plantedFaults.jobIsCompletedFirst);
      expect(await statusOf(app, runId)).toBe("RUNNING");
      expect(await violations(app)).not.toEqual([]);
      await app.sql(
        "update pgboss.job j set state = 'retry', start_after = now() from sync_run r where r.id = $1 and r.job_id = j.id",
        [runId],
      );
      expect(await endOf(runId)).toBe("SUCCEEDED");
    });

    test("goes on for ever where nobody counts them", async () => {
      const runId = await poisonousRun("planted@example.com", 3);
      expect(await endOf(runId, plantedFaults.runIsNeverAbandoned)).not.toBe("FAILED");
      expect(await violations(app)).toEqual(["abandoned-run-is-audited"]);
    });
  });
