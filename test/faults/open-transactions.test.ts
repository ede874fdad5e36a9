import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { queueResync, statusOf } from "./lost-workers.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(120_000);

const providerDelayMs = 4_000;
/** One held through a call lasts as long as that; a process that gets no processor for a moment is no fault. */
const suspiciousSeconds = 3;

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
});

afterAll(async () => {
  await app.stop();
});

/** The longest that a transaction was idle while a slow provider was asked for tokens and a page, in seconds. */
async function longestIdleTransaction(account: string, planted?: PlantedFault): Promise<number> {
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  app.simulator.control.addFault({ match: { account }, times: null, then: { delayMs: providerDelayMs } });
  const worker = await ServerProcess.start(app, { roles: "worker", planted });
  const runId = await queueResync(app, connection);
  let longest = 0;
  await until(async () => {
    const [row] = await app.sql<{ seconds: number | null }>(
      `select max(extract(epoch from clock_timestamp() - state_change))::float8 as seconds from pg_stat_activity
       where datname = current_database() and state like 'idle in transaction%'`,
    );
    longest = Math.max(longest, row?.seconds ?? 0);
    return ["SUCCEEDED", "FAILED"].includes(await statusOf(app, runId));
  });
  expect(await worker.stop()).toBe(0);
  return longest;
}

test("no transaction is open while a provider is waited for, neither for tokens nor for a page", async () => {
  expect(await longestIdleTransaction("slow@example.com")).toBeLessThan(suspiciousSeconds);
});

if (isLong)
  test("one that is held open around the call is noticed", async () => {
    const idle = await longestIdleTransaction("held@example.com", plantedFaults.transactionAroundTheCall);
    expect(idle).toBeGreaterThan(suspiciousSeconds);
  });
