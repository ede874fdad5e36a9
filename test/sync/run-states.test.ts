import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { verify } from "../../src/verify/verify.js";
import { TestApp, until } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { auditOf, letTimePass, refusalOf, seen } from "../support/manager.js";

/** Cancelling, pausing, resuming and replaying in every state of a run. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({
    environment: { MAX_RETRIES: "1", MAX_DELAY_SECONDS: "0.05" },
  });
});

afterEach(async () => {
  app.simulator.control.clearFaults();
  const { invariants } = await verify(app.installation.database.systemUrl);
  expect(invariants.filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled")).toEqual([]);
});

afterAll(async () => {
  await app.stop();
});

const cancelRun = `mutation ($id: ID!) { cancelSyncRun(correlationId: $id, reason: "not now") {
  run { status isFinished attempts { state errorCode } } } }`;

async function cancel(correlationId: string): Promise<Record<string, unknown>> {
  const answer = await app.manager<{ cancelSyncRun: { run: Record<string, unknown> } }>(cancelRun, {
    id: correlationId,
  });
  return answer.cancelSyncRun.run;
}

async function resync(id: string): Promise<string> {
  const { resyncConnection } = await app.manager<{ resyncConnection: { result: { correlationId: string } } }>(
    "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { result { correlationId } } }",
    { id },
  );
  return resyncConnection.result.correlationId;
}

async function change(name: "pauseConnection" | "resumeConnection", id: string): Promise<void> {
  await app.manager(`mutation ($id: ID!) { ${name}(connectionId: $id, reason: "holiday") { id } }`, { id });
}

const googleError = (code: number, reason: string) => ({ error: { code, errors: [{ domain: "global", reason }] } });
const faults = {
  RETRYING: {
    times: 1,
    then: { status: 429, headers: { "retry-after": "600" }, body: googleError(429, "rateLimitExceeded") },
  },
  FAILED: { times: null, then: { status: 503 } },
  HELD: { times: 1, then: { status: 403, body: googleError(403, "accessNotConfigured") } },
  RUNNING: { times: 1, then: { delayMs: 1500 } },
} as const;

async function statuses(connection: string): Promise<string[]> {
  return (await seen(app, connection)).syncRuns.nodes.map(({ status }) => status);
}

function isAsked(account: string): boolean {
  return app.simulator.control.requests({ account }).some(({ url }) => url.includes("/events"));
}

/** A connection whose newest run is in that state; returns its id and the run's correlation id. */
async function given(status: keyof typeof faults): Promise<{ connection: string; account: string; run: string }> {
  const account = `${status.toLowerCase()}-${crypto.randomUUID()}@example.com`;
  const connection = await app.connect(account);
  addEvent(app.simulator, account, "One");
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, ...faults[status] });
  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
  await until(async () => (await statuses(connection))[0] === status);
  await until(() => Promise.resolve(isAsked(account))); // so that its fault meets this run
  const [run] = (await seen(app, connection)).syncRuns.nodes;
  return { connection, account, run: String(run?.correlationId) };
}

async function cancellations(run: string): Promise<number> {
  return (await auditOf(app, run)).filter((event) => event.startsWith("calendar_sync_run_cancelled")).length;
}

describe("cancelling a run", () => {
  test.each(["RETRYING", "FAILED", "HELD"] as const)(
    "that is %s ends it at once and closes its failure",
    async (status) => {
      const { connection, run } = await given(status);
      expect(await cancel(run)).toMatchObject({ status: "CANCELLED", isFinished: true });
      expect((await seen(app, connection, { includeExhausted: true })).failedAttempts.totalCount).toBe(0);
      expect(await cancellations(run)).toBe(1);
    },
  );

  test("that runs ends it once, whoever asks again, and who waits is told", async () => {
    const { connection, run } = await given("RUNNING");
    const waiting = app.manager<{ syncRun: { status: string } }>(
      "query ($id: ID!) { syncRun(correlationId: $id, waitSeconds: 20) { status } }",
      { id: run },
    );
    const cancelled = await Promise.all([cancel(run), cancel(run), cancel(run)]);
    for (const one of cancelled) {
      expect(one).toMatchObject({ status: "CANCELLED", attempts: [{ state: "SUPERSEDED", errorCode: "CANCELLED" }] });
    }
    expect((await waiting).syncRun.status).toBe("CANCELLED");
    expect(await cancellations(run)).toBe(1);
    const [row] = await app.sql<{ cursor: string | null }>("select cursor from calendar_connection where id = $1", [
      connection,
    ]);
    expect(row?.cursor).toBeNull();
  });

  test("that is queued behind another one ends it at once; the other one goes on", async () => {
    const { connection } = await given("RUNNING");
    const queued = await resync(connection);
    expect(await cancel(queued)).toMatchObject({ status: "CANCELLED", attempts: [] });
    await app.quiet(connection);
    expect(await statuses(connection)).toEqual(["CANCELLED", "SUCCEEDED"]);
  });

  test("that another one waits behind lets that one run", async () => {
    const { connection, run } = await given("RUNNING");
    const queued = await resync(connection);
    expect(await cancel(run)).toMatchObject({ status: "CANCELLED" });
    await app.quiet(connection);
    expect(await statuses(connection)).toEqual(["SUCCEEDED", "CANCELLED"]);
    expect((await seen(app, connection)).syncRuns.nodes[0]?.correlationId).toBe(queued);
  });

  test("that has succeeded, or is cancelled already, changes and audits nothing", async () => {
    const { connection, run } = await given("RUNNING");
    await app.quiet(connection);
    expect(await cancel(run)).toMatchObject({ status: "SUCCEEDED" });
    expect(await cancellations(run)).toBe(0);
    const failed = await given("FAILED");
    await cancel(failed.run);
    expect(await cancel(failed.run)).toMatchObject({ status: "CANCELLED" });
    expect(await cancellations(failed.run)).toBe(1);
  });

  test("that nobody knows, or another firm's, is not found", async () => {
    const { run } = await given("HELD");
    for (const id of ["x", "0", crypto.randomUUID()])
      expect(await refusalOf(cancel(id))).toEqual({ code: "NOT_FOUND" });
    expect(await refusalOf(app.manager(cancelRun, { id: run }, "2"))).toEqual({ code: "NOT_FOUND" });
  });
});

describe("pausing a connection", () => {
  test("lets the pull that runs end, holds the one behind it, and resuming queues that again", async () => {
    const { connection } = await given("RUNNING");
    await resync(connection);
    await change("pauseConnection", connection);
    expect(await statuses(connection)).toEqual(["HELD", "RUNNING"]);
    await until(async () => (await statuses(connection))[1] === "SUCCEEDED");
    const refusal = { code: "BAD_USER_INPUT", reason: "CONNECTION_PAUSED" };
    expect(await refusalOf(resync(connection))).toEqual(refusal);
    await change("resumeConnection", connection);
    // Resuming also has a pull made, which the scheduler does at its next look.
    await until(async () => (await statuses(connection)).every((status) => status === "SUCCEEDED"));
  });

  test("and resuming it while its pull still runs keeps the order", async () => {
    const { connection } = await given("RUNNING");
    await resync(connection);
    await change("pauseConnection", connection);
    await change("resumeConnection", connection);
    expect(await statuses(connection)).toEqual(["QUEUED", "RUNNING"]);
    await app.quiet(connection);
    expect((await statuses(connection)).slice(-2)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  test("leaves what has failed as it is", async () => {
    const { connection } = await given("FAILED");
    await change("pauseConnection", connection);
    expect(await statuses(connection)).toEqual(["FAILED"]);
    app.simulator.control.clearFaults();
    await change("resumeConnection", connection);
    await until(async () => (await statuses(connection))[0] === "SUCCEEDED");
    expect(await statuses(connection)).toEqual(["SUCCEEDED", "CANCELLED"]);
  });

  test("and resuming tries what was held before once more", async () => {
    const { connection } = await given("HELD");
    await change("pauseConnection", connection);
    expect(await statuses(connection)).toEqual(["HELD"]);
    await change("resumeConnection", connection);
    await app.quiet(connection);
    expect((await statuses(connection)).at(-1)).toBe("SUCCEEDED");
  });

  test("under a pull that then fails holds it: no retry is ahead", async () => {
    const { connection, account } = await given("RUNNING");
    app.simulator.control.clearFaults();
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { status: 503, delayMs: 1000 } });
    await app.quiet(connection);
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    await until(async () => (await statuses(connection))[0] === "RUNNING");
    await change("pauseConnection", connection);
    await until(async () => (await statuses(connection))[0] === "HELD");
    const view = await seen(app, connection);
    expect(view.failedAttempts.nodes[0]).toMatchObject({ state: "OPEN", nextRetryAt: null });
    expect(view.syncStatus.statistics).toMatchObject({ pendingRetry: 0, eligibleForRetry: 1 });
  });
});

describe("a replay of a pull", () => {
  const replay = `mutation ($id: ID!, $waitSeconds: Int) { replayAttempt(attemptId: $id, waitSeconds: $waitSeconds) {
    result { status correlationId } run { status } } }`;

  test("waits behind a pull that runs, and runs after it although that one has succeeded", async () => {
    const { connection, account } = await given("FAILED");
    const [failed] = (await seen(app, connection, { includeExhausted: true })).failedAttempts.nodes;
    app.simulator.control.clearFaults();
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, ...faults.RUNNING });
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    await until(async () => (await statuses(connection))[0] === "RUNNING");

    const asked = await app.manager(replay, { id: failed?.id, waitSeconds: 0 });
    expect(asked).toMatchObject({ replayAttempt: { run: { status: "QUEUED" } } });
    await app.quiet(connection);

    expect(await statuses(connection)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    expect((await auditOf(app, String(failed?.correlationId))).slice(-2)).toEqual([
      "calendar_sync_manual_replay_requested info",
      "calendar_sync_manual_replay_success info",
    ]);
  });

  test("replaces a pull that waits for its retry, naming itself", async () => {
    const { connection, account } = await given("FAILED");
    const [failed] = (await seen(app, connection, { includeExhausted: true })).failedAttempts.nodes;
    app.simulator.control.clearFaults();
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, ...faults.RETRYING });
    await app.pull(connection);
    expect(await statuses(connection)).toEqual(["RETRYING", "FAILED"]);
    await app.manager(replay, { id: failed?.id });
    expect(await statuses(connection)).toEqual(["CANCELLED", "SUCCEEDED"]);
    const [replaced] = await app.sql<{ name: string }>(
      `select metadata ->> 'replaced_by_correlation_id' as name from audit_event e join sync_run r using (firm_id, correlation_id)
       where r.connection_id = $1 and e.event_type = 'calendar_sync_run_cancelled'`,
      [connection],
    );
    expect(replaced?.name).toBe(failed?.correlationId);
  });

  test("beside an active resync conflicts and names it", async () => {
    const { connection, account } = await given("FAILED");
    const [failed] = (await seen(app, connection, { includeExhausted: true })).failedAttempts.nodes;
    app.simulator.control.clearFaults();
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, ...faults.RETRYING });
    const correlationId = await resync(connection);
    await until(async () => (await statuses(connection))[0] === "RETRYING");
    const conflict = { code: "CONFLICT", reason: "RESYNC_ACTIVE", correlationId };
    expect(await refusalOf(app.manager(replay, { id: failed?.id }))).toEqual(conflict);
    await letTimePass(app, connection);
    await app.quiet(connection);
  });
});
