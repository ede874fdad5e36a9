import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { verify, type CheckedInvariant } from "../../src/verify/verify.js";
import { quickRetries, TestApp, until } from "../support/app.js";
import { addEvent, addEvents, at } from "../support/calendar.js";

/** Many pulls, one after the other, on a busy machine. */
jest.setTimeout(240_000);

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries });
});

afterEach(() => {
  app.simulator.control.clearFaults();
  app.simulator.control.setScenario({});
});

afterAll(async () => {
  await app.stop();
});

describe("verify of a database that servers work on", () => {
  test("finds nothing after pulls, moves, cancellations, a forgotten cursor and a manager's resync", async () => {
    const account = "ann@example.com";
    const connection = await app.connect(account);
    const [moved = "", deleted = "", missed = ""] = addEvents(app.simulator, account, 30);
    await app.pull(connection);
    app.simulator.control.updateEvent(account, moved, { start: { dateTime: at(9, 10) }, end: { dateTime: at(9, 12) } });
    app.simulator.control.deleteEvent(account, deleted);
    await app.pull(connection);
    app.simulator.control.deleteEvent(account, missed);
    app.simulator.control.expireSyncTokens(account);
    await app.pull(connection);
    await resync(connection);
    await expectNothingViolated();
  });

  test("finds nothing after retries, exhausted retries, and the pull that covers them", async () => {
    const account = "bob@example.com";
    const connection = await app.connect(account);
    failing(account, { times: 2, status: 503 });
    await app.pull(connection);
    await expectNothingViolated();
    failing(account, { times: null, status: 503 });
    await app.pull(connection);
    await app.pull(connection);
    await expectRuns(connection, ["SUCCEEDED", "CANCELLED", "FAILED"]);
    await expectNothingViolated();
    app.simulator.control.clearFaults();
    await app.pull(connection);
    await expectRuns(connection, ["SUCCEEDED", "CANCELLED", "CANCELLED", "SUCCEEDED"]);
    await expectNothingViolated();
  });

  test("finds nothing after access was taken away, and after a mass cancellation was refused", async () => {
    const revoked = await app.connect("carol@example.com");
    await app.pull(revoked);
    app.simulator.control.setRevoked("carol@example.com", true);
    app.simulator.control.expireAccessTokens("carol@example.com");
    await app.sql("update calendar_credential set access_token = null, access_token_expires_at = null");
    await app.pull(revoked);
    await expectRuns(revoked, ["SUCCEEDED", "HELD"]);
    const cleared = await app.connect("dave@example.com");
    const ids = addEvents(app.simulator, "dave@example.com", 20);
    await app.pull(cleared);
    for (const id of ids) app.simulator.control.deleteEvent("dave@example.com", id);
    app.simulator.control.expireSyncTokens("dave@example.com");
    await app.pull(cleared);
    await expectRuns(cleared, ["SUCCEEDED", "FAILED"]);
    await expectNothingViolated();
    await resync(cleared, "allowMassCancel: true,");
    await expectRuns(cleared, ["SUCCEEDED", "CANCELLED", "SUCCEEDED"]);
    await expectNothingViolated();
  });

  test("finds nothing after a full round has failed between its pages, nor after it was replaced", async () => {
    const account = "erin@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3000);
    app.simulator.control.setScenario({ pages: "short" });
    failing(account, { nth: 2, times: 1, status: 403 });
    await app.pull(connection);
    await expectRuns(connection, ["FAILED"]);
    await expectNothingViolated();
    failing(account, { nth: 2, times: 1, status: 429, headers: { "retry-after": "3600" } });
    await app.pull(connection);
    await expectRuns(connection, ["FAILED", "RETRYING"]);
    await expectNothingViolated();
    await resync(connection);
    await expectRuns(connection, ["CANCELLED", "CANCELLED", "SUCCEEDED"]);
    await expectNothingViolated();
  });

  test("finds nothing after a resync has waited behind a pull that was held, and the resync goes on", async () => {
    const account = "fred@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "Meeting");
    failing(account, { times: 1, status: 403, reason: "accessNotConfigured", delayMs: 2000 });
    const held = app.pull(connection);
    await until(async () => (await statuses(connection)).includes("RUNNING"));
    await resync(connection, "waitSeconds: 0,");
    await expectNothingViolated();
    await held;
    await expectNothingViolated();
    await until(async () => (await statuses(connection)).join() === "CANCELLED,SUCCEEDED");
    await expectNothingViolated();
  });

  test("finds nothing after a resync has replaced a pull that was queued", async () => {
    const connection = await app.connect("hugo@example.com");
    await app.sql(
      `insert into sync_run (firm_id, connection_id, operation, direction, trigger)
       select firm_id, id, 'LIST_CHANGES', 'PULL', 'SCHEDULE' from calendar_connection where id = $1`,
      [connection],
    );
    await resync(connection);
    await expectRuns(connection, ["CANCELLED", "SUCCEEDED"]);
    await expectNothingViolated();
  });

  test("finds nothing after a connection was paused under a pull that then fails: the run is held", async () => {
    const account = "gina@example.com";
    const connection = await app.connect(account);
    failing(account, { times: 1, status: 503, delayMs: 2000 });
    const pulled = app.pull(connection);
    await until(async () => (await statuses(connection)).includes("RUNNING"));
    await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id: connection });
    await pulled;
    await expectRuns(connection, ["HELD"]);
    await expectNothingViolated();
  });

  test("finds nothing at any moment while pulls, retries and resyncs are under way", async () => {
    const accounts = Array.from({ length: 6 }, (_, index) => `busy${index}@example.com`);
    const connections = await Promise.all(accounts.map((account) => app.connect(account)));
    for (const account of accounts) {
      addEvents(app.simulator, account, 40);
      failing(account, { nth: 2, times: 3, status: 503, delayMs: 100 });
      failing(account, { nth: 6, times: 2, status: 403, reason: "accessNotConfigured" });
    }
    let isOver = false;
    const syncing = Promise.all(connections.map((connection) => keepSyncing(connection, () => isOver)));
    try {
      for (let moment = 0; moment < 25; moment += 1) await expectNothingViolated();
    } finally {
      isOver = true;
      await syncing;
    }
    await Promise.all(connections.map((connection) => app.quiet(connection)));
    await expectNothingViolated();
  });
});

async function keepSyncing(connection: string, isOver: () => boolean): Promise<void> {
  for (let round = 0; !isOver(); round += 1) {
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1 and status = 'ACTIVE'", [
      connection,
    ]);
    if (round % 3 === 2) await resync(connection, "waitSeconds: 1,");
    else await app.quiet(connection);
  }
}

async function resync(connection: string, more = ""): Promise<void> {
  await app.manager(`mutation ($id: ID!) { resyncConnection(${more} connectionId: $id) { __typename } }`, {
    id: connection,
  });
}

interface Failing {
  nth?: number;
  times: number | null;
  status: number;
  reason?: string;
  headers?: Record<string, string>;
  delayMs?: number;
}

function failing(account: string, { nth, times, status, reason = "backendError", ...rest }: Failing): void {
  const body = {
    error: { code: status, message: "refused", errors: [{ reason, domain: "global", message: "refused" }] },
  };
  app.simulator.control.addFault({
    match: { account, pathRegex: "/events", nth },
    times,
    then: { status, body, ...rest },
  });
}

async function statuses(connection: string): Promise<string[]> {
  const rows = await app.sql<{ status: string }>("select status from sync_run where connection_id = $1 order by id", [
    connection,
  ]);
  return rows.map(({ status }) => status);
}

async function expectRuns(connection: string, expected: string[]): Promise<void> {
  expect(await statuses(connection)).toEqual(expected);
}

/** Connections of the test application are scheduled only when a test says so, which no real one is. */
async function expectNothingViolated(): Promise<void> {
  const { invariants } = await verify(app.installation.database.systemUrl);
  const violated = invariants.filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled");
  expect(violated.map(({ name, violations }: CheckedInvariant) => ({ name, violations }))).toEqual([]);
}
