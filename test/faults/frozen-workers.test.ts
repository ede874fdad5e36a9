import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Failpoint } from "../../src/failpoints.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { storedAndProvided } from "../support/stored.js";
import { noticeLostWorker, queueResync, statusOf, violations } from "./lost-workers.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(120_000);

/** The API; workers come and go. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  app.simulator.control.setScenario({ pages: "empty" }); // two pages a round
});

afterAll(async () => {
  await app.stop();
});

/** Everything that an attempt may write about its connection. */
function written(connection: string): Promise<unknown[]> {
  return app.sql(
    `select to_jsonb(r) as row from sync_run r where connection_id = $1
     union all select to_jsonb(a) from sync_attempt a where connection_id = $1
     union all select to_jsonb(s) from connection_statistics s where connection_id = $1
     union all select to_jsonb(c) from calendar_connection c where id = $1
     union all select to_jsonb(p) from appointment p where connection_id = $1 order by 1`,
    [connection],
  );
}

interface TakenOver {
  connection: string;
  account: string;
  before: unknown[];
  after: unknown[];
}

/** A worker freezes there, another one does its work, and the first one wakes up and goes on. */
async function wakeAfterTakeOver(name: Failpoint, planted?: PlantedFault): Promise<TakenOver> {
  const account = `${name}.${planted ? "planted" : "sound"}@example.com`;
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 4);
  const frozen = await ServerProcess.start(app, {
    roles: "worker",
    armed: [{ name, action: "freeze", nth: 1 }],
    planted,
  });
  const runId = await queueResync(app, connection);
  await until(() => Promise.resolve(frozen.hits().length === 1));
  await noticeLostWorker(app, runId);
  const other = await ServerProcess.start(app, { roles: "worker" });
  await until(async () => (await statusOf(app, runId)) === "SUCCEEDED");
  await other.stop();
  const before = await written(connection);
  frozen.kill("SIGCONT");
  expect(await frozen.stop()).toBe(0); // it ends what it has in hand first
  return { connection, account, before, after: await written(connection) };
}

describe("a worker that froze and wakes up after its run was taken over writes nothing", () => {
  test.each<Failpoint>([
    ...(["page.before-write", "close.before"] as const),
    ...(isLong ? (["start.committed", "page.in-transaction"] as const) : []),
  ])("at %s", async (name) => {
    const { connection, before, after } = await wakeAfterTakeOver(name);
    expect(after).toEqual(before);
    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
    expect(await violations(app)).toEqual([]);
  });

  if (isLong)
    test("which is seen where nobody checks the fence", async () => {
      const { before, after } = await wakeAfterTakeOver("page.before-write", plantedFaults.fenceIsNotChecked);
      expect(after).not.toEqual(before);
    });
});
