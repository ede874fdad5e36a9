import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";

/** The API and the scheduler; workers come and go. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api,scheduler" } });
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

function startWorker(): Promise<TestApp> {
  return TestApp.start({ installation: app.installation, environment: { ROLES: "worker" } });
}

async function startWorkerProcess(): Promise<TypeScriptProcess> {
  const worker = runTypeScript(new URL("../support/worker-process.ts", import.meta.url), [], {
    env: {
      ...process.env,
      ...app.installation.environment,
      ROLES: "worker",
      GOOGLE_API_URL: app.simulator.googleApiUrl,
      GOOGLE_TOKEN_URL: app.simulator.googleTokenUrl,
    },
  });
  expect(await worker.nextLine()).toBe("working");
  return worker;
}

async function queueResync(connectionId: string): Promise<string> {
  const answer = await app.manager<{ resyncConnection: { run: { id: string } } }>(
    "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { run { id } } }",
    { id: connectionId },
  );
  return answer.resyncConnection.run.id;
}

async function hasPages(runId: string): Promise<boolean> {
  return (await app.sql("select from sync_run where id = $1 and pages_done > 0", [runId])).length === 1;
}

async function attemptsOf(runId: string): Promise<unknown[]> {
  return app.sql("select status, state, error_code, retry_count from sync_attempt where run_id = $1 order by id", [
    runId,
  ]);
}

async function ends(runId: string): Promise<void> {
  await until(
    async () => (await app.sql("select from sync_run where id = $1 and status = 'SUCCEEDED'", [runId])).length === 1,
  );
}

/** A calendar of several pages, the second of which the provider keeps back once. */
async function slowCalendar(account: string): Promise<string> {
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3000);
  app.simulator.control.addFault({ match: { account, pathRegex: "pageToken" }, then: { hang: true } });
  return connection;
}

test("a run whose worker is killed goes on with another one, after the last page written", async () => {
  const account = "killed@example.com";
  const connection = await slowCalendar(account);
  const doomed = await startWorkerProcess();
  const runId = await queueResync(connection);
  await until(() => hasPages(runId));
  doomed.child.kill("SIGKILL");
  await doomed.ended;

  const worker = await startWorker();
  await ends(runId);
  await worker.stop();

  expect(await attemptsOf(runId)).toEqual([
    { status: "FAIL", state: "RESOLVED", error_code: "WORKER_LOST", retry_count: 0 },
    { status: "SUCCESS", state: "SUCCEEDED", error_code: null, retry_count: 1 },
  ]);
  const firstPages = app.simulator.control
    .requests({ account })
    .filter(({ url }) => url.includes("timeMin") && !url.includes("pageToken"));
  expect(firstPages).toHaveLength(1);
  const { stored, provided } = await storedAndProvided(app, connection);
  expect(stored).toEqual(provided);
});

test("a worker that stops gives its run back at once, with the same retry count", async () => {
  const connection = await slowCalendar("stopped@example.com");
  const stopping = await startWorker();
  const runId = await queueResync(connection);
  await until(() => hasPages(runId));
  await stopping.stop();
  expect(await attemptsOf(runId)).toEqual([
    { status: "FAIL", state: "OPEN", error_code: "WORKER_STOPPED", retry_count: 0 },
  ]);

  const worker = await startWorker();
  await ends(runId);
  await worker.stop();

  expect(await attemptsOf(runId)).toEqual([
    { status: "FAIL", state: "RESOLVED", error_code: "WORKER_STOPPED", retry_count: 0 },
    { status: "SUCCESS", state: "SUCCEEDED", error_code: null, retry_count: 0 },
  ]);
});
