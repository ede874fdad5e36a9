import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { startWorkerProcess } from "./worker-processes.js";

const appointments = 40;
const mostInFlight = 4;

const running: TestApp[] = [];

afterEach(async () => {
  for (const app of running.splice(0).reverse()) await app.stop();
});

/** The API alone, and a connection of that account with its appointments pulled. */
async function given(account: string, provider: ProviderName): Promise<{ app: TestApp; ids: string[] }> {
  const app = await TestApp.start({ environment: { ROLES: "api,scheduler" } });
  running.push(app);
  const connection = await app.connect(account, "1", provider);
  addEvents(app.simulator, account, appointments);
  const worker = await startWorker(app);
  await app.pull(connection);
  await worker.stop();
  const rows = await app.sql<{ id: string }>("select id from appointment order by id");
  expect(rows).toHaveLength(appointments);
  return { app, ids: rows.map(({ id }) => id) };
}

function startWorker(app: TestApp): Promise<TestApp> {
  return TestApp.start({ installation: app.installation, environment: { ROLES: "worker" } });
}

async function resyncAll(app: TestApp, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await app.manager("mutation ($id: ID!) { resyncAppointment(appointmentId: $id, waitSeconds: 0) { message } }", {
      id,
    });
  }
}

async function succeeded(app: TestApp): Promise<number> {
  return (await app.sql("select from sync_run where operation = 'UPSERT' and status = 'SUCCEEDED'")).length;
}

/** The most requests that wait for an answer at the same time, until something has ended. */
async function mostWaitingUntil(app: TestApp, account: string, ends: () => Promise<void>): Promise<number> {
  const isOver = new AbortController();
  const ended = ends().finally(() => {
    isOver.abort();
  });
  ended.catch(() => undefined); // told below
  let most = 0;
  while (!isOver.signal.aborted) {
    const waiting = app.simulator.control.requests({ account }).filter(({ status }) => status === null);
    most = Math.max(most, waiting.length);
    await delay(5);
  }
  await ended;
  return most;
}

test.each(["GOOGLE", "MICROSOFT"] as const)(
  "forty resyncs of single appointments of one %s mailbox have four requests in flight on three processes, and all end",
  async (provider) => {
    const account = "busy@example.com";
    const { app, ids } = await given(account, provider);
    await resyncAll(app, ids);
    // Long enough for all processes to have come, and to send what else they might.
    app.simulator.control.addFault({ match: { account }, times: 2 * mostInFlight, then: { delayMs: 4000 } });
    app.simulator.control.clearRequests();
    const most = await mostWaitingUntil(app, account, async () => {
      running.push(...(await Promise.all([startWorker(app), startWorker(app), startWorker(app)])));
      await until(async () => (await succeeded(app)) > 2 * mostInFlight);
      await until(async () => (await succeeded(app)) === appointments);
    });
    expect(most).toBe(mostInFlight);
    const refused = app.simulator.control.requests({ account }).filter(({ status }) => status !== 200);
    expect(refused).toEqual([]);
  },
);

test("a mailbox's places that a killed process had are free again when its jobs have come back", async () => {
  const account = "killed@example.com";
  const { app, ids } = await given(account, "GOOGLE");
  const doomed = await startWorkerProcess(app);
  app.simulator.control.addFault({ match: { account }, times: mostInFlight, then: { hang: true } });
  app.simulator.control.clearRequests();
  await resyncAll(app, ids);
  await until(() => Promise.resolve(app.simulator.control.requests({ account }).length === mostInFlight));
  doomed.child.kill("SIGKILL");
  await doomed.ended;

  running.push(await startWorker(app));
  await until(async () => (await succeeded(app)) === appointments);
  const lost = await app.sql("select from sync_attempt where error_code = 'WORKER_LOST'");
  expect(lost).toHaveLength(mostInFlight);
});
