import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { invariants } from "../../src/verify/invariants.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";
import { startWorkerProcess } from "../sync/worker-processes.js";
import { runCommandProcess, type CommandOutcome } from "./command-process.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

/** The API and the scheduler; workers come and go. */
let app: TestApp;
let synced: string;
let slow: string;
let refused: string;
let unreadable: string;
let slowRun: string;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api,scheduler" } });
  const { control } = app.simulator;
  const worker = await startWorker();
  [synced, refused, unreadable] = [
    await pulled("synced@x.test"),
    await pulled("refused@x.test"),
    await pulled("unreadable@x.test"),
  ];
  await worker.stop();
  slow = await app.connect("slow@x.test");
  addEvents(app.simulator, "slow@x.test", 3000);
  control.addFault({ match: { account: "slow@x.test", pathRegex: "pageToken" }, then: { hang: true } });
  await app.sql("update calendar_connection set next_pull_at = now() + interval '1 day'");
});

afterAll(async () => {
  await app.stop();
});

function startWorker(): Promise<TestApp> {
  return TestApp.start({ installation: app.installation, environment: { ROLES: "worker" } });
}

async function pulled(account: string): Promise<string> {
  const id = await app.connect(account);
  addEvents(app.simulator, account, 3);
  await app.pull(id);
  return id;
}

function afterRestore(): Promise<CommandOutcome> {
  const { simulator, installation } = app;
  return runCommandProcess("verify", ["--after-restore"], {
    ...installation.environment,
    ...{ GOOGLE_API_URL: simulator.googleApiUrl, GOOGLE_TOKEN_URL: simulator.googleTokenUrl, LOG_LEVEL: "warn" },
  });
}

async function stateOf(connectionId: string): Promise<unknown> {
  return app.sql(
    "select c.status, cursor, cursor_fingerprint, access_token from calendar_connection c join calendar_credential k on connection_id = c.id where c.id = $1",
    [connectionId],
  );
}

test("while a worker works on the database nothing is touched", async () => {
  await killWorkerIn(slow);
  await app.sql("update across_firms.worker_process set lease_ends_at = now() + interval '1 hour'"); // as if it lived
  const before = await stateOf(synced);
  expect(await afterRestore()).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: "verify: a worker works on this database: stop every server first (a killed one counts for 15 seconds)\n",
  });
  expect(await stateOf(synced)).toEqual(before);
  await app.sql("delete from across_firms.worker_process"); // in a backup the lease has ended, or is not there
});

/** Between the first page of the connection's resync and the second. */
async function killWorkerIn(connectionId: string): Promise<void> {
  const worker = await startWorkerProcess(app);
  const answer = await app.manager<{ resyncConnection: { run: { id: string } } }>(
    "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { run { id } } }",
    { id: connectionId },
  );
  slowRun = answer.resyncConnection.run.id;
  await until(
    async () => (await app.sql("select from sync_run where id = $1 and pages_done > 0", [slowRun])).length > 0,
  );
  worker.child.kill("SIGKILL");
  await worker.ended;
}

test("cursors are dropped, running runs closed, tokens that are refused or unreadable listed, and the invariants hold", async () => {
  app.simulator.control.setRevoked("refused@x.test", true);
  await changeStoredToken(unreadable);
  const { exitCode, stdout, stderr } = await afterRestore();
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" }); // of the unreadable one
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("after-restore: 1 firm: 3 cursors dropped, 1 running run closed");
  expect(lines.filter((line) => line.startsWith("✗"))).toEqual(
    expect.arrayContaining([
      `✗ firm 1 connection ${refused} (GOOGLE): its token is refused (INVALID_GRANT); its owner must connect it again`,
      `✗ firm 1 connection ${unreadable} (GOOGLE): its token cannot be read with CREDENTIALS_KEYS`,
    ]),
  );
  expect(lines).toContain("after-restore: 4 tokens: 2 accepted, 1 refused, 1 unreadable, 0 not tried");
  expect(lines.at(-1)).toBe(`verify: ${invariants.length} invariants hold`);
  expect(await stateOf(refused)).toEqual([
    { status: "ACTIVE", cursor: null, cursor_fingerprint: null, access_token: null },
  ]);
  const [run] = await app.sql(
    "select status, page_token, is_full_round, seen_count, retry_count from sync_run where id = $1",
    [slowRun],
  );
  expect(run).toEqual({ status: "RETRYING", page_token: null, is_full_round: false, seen_count: 0, retry_count: 0 });
  expect(await app.sql("select state, error_code from sync_attempt where run_id = $1", [slowRun])).toEqual([
    { state: "OPEN", error_code: "WORKER_STOPPED" },
  ]);
  expect(await app.sql("select from seen_appointment")).toEqual([]);
});

test("once the keys fit again it may be repeated, and changes nothing more", async () => {
  await changeStoredToken(unreadable);
  const { exitCode, stdout } = await afterRestore();
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^after-restore: 1 firm: 0 cursors dropped, 0 running runs closed\n/);
  expect(stdout).toContain("after-restore: 4 tokens: 3 accepted, 1 refused, 0 unreadable, 0 not tried\n");
});

test("afterwards workers end the closed run, and a pull finds what the backup did not know", async () => {
  const { control } = app.simulator;
  const [event] = control.occurrences("synced@x.test", new Date(0), new Date("2100-01-01"));
  control.deleteEvent("synced@x.test", String(event?.id));
  control.expireSyncTokens();
  const worker = await startWorker();
  await until(
    async () => (await app.sql("select from sync_run where id = $1 and status = 'SUCCEEDED'", [slowRun])).length > 0,
  );
  await app.pull(synced);
  for (const connection of [synced, slow]) {
    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
  }
  await worker.stop();
});

/** Changes one bit of the ciphertext; the second time it is whole again. */
async function changeStoredToken(connectionId: string): Promise<void> {
  await app.sql(
    "update calendar_credential set refresh_token = set_byte(refresh_token, 20, get_byte(refresh_token, 20) # 1) where connection_id = $1",
    [connectionId],
  );
}
