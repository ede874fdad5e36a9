import { afterEach, beforeAll, afterAll, describe, expect, test } from "@jest/globals";
import { verify } from "../../src/verify/verify.js";
import { TestApp, until } from "../support/app.js";
import { addEvent, addEvents } from "../support/calendar.js";
import { auditOf, letTimePass, refusalOf, seen, type SeenConnection } from "../support/manager.js";

/** A retry comes after a second at most: an outage of two minutes takes a few seconds. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { MAX_DELAY_SECONDS: "1" } });
});

afterEach(async () => {
  app.simulator.control.clearFaults();
  const { invariants } = await verify(app.installation.database.systemUrl);
  const violated = invariants.filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled");
  expect(violated).toEqual([]);
});

afterAll(async () => {
  await app.stop();
});

const replay = `mutation ($id: ID!) { replayAttempt(attemptId: $id) {
  message result { status errorCode } run { status } attempt { id retryCount } } }`;
const resync = "mutation ($id: ID!) { resyncConnection(connectionId: $id) { result { status } } }";

function newest(view: SeenConnection) {
  const [attempt] = view.failedAttempts.nodes;
  if (!attempt) throw new Error("no failed attempt is listed");
  return attempt;
}

function requestsOf(account: string): number {
  return app.simulator.control.requests({ account }).length;
}

describe("an outage of two minutes", () => {
  test("is seen while it lasts, exhausts what is tried, needs somebody after the second time, and is over with a replay", async () => {
    const account = "outage@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "One");
    await app.pull(connection);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: null, then: { status: 503 } });

    // It begins: the failure is listed and waits for its retry.
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    await until(async () => (await seen(app, connection)).failedAttempts.totalCount > 0);
    const begun = await seen(app, connection);
    expect(newest(begun)).toMatchObject({ errorClass: "TRANSIENT", remedy: "WAIT", state: "OPEN" });
    expect(begun.syncStatus).toMatchObject({ status: "ACTIVE", health: "DELAYED" });
    expect(begun.syncStatus.statistics).toMatchObject({ openFailures: 1, eligibleForRetry: 1, maxRetriesReached: 0 });

    // It lasts longer than all retries: exhausted, listed only if asked for, replayable.
    await until(async () => (await seen(app, connection)).syncRuns.nodes[0]?.status === "FAILED");
    const exhausted = await seen(app, connection, { includeExhausted: true });
    expect((await seen(app, connection)).failedAttempts.totalCount).toBe(0);
    expect(newest(exhausted)).toMatchObject({
      ...{ retryCount: 5, maxRetriesReached: true, nextRetryAt: null, remedy: "REPLAY" },
      ...{ isReplayable: true, notReplayableReason: null },
    });
    expect(exhausted.syncStatus.health).toBe("DELAYED");
    expect(exhausted.syncStatus.statistics).toEqual({
      ...{ totalAttempts: 7, successes: 1, failures: 6, successRate: 14.3 },
      ...{ openFailures: 1, maxRetriesReached: 1, pendingRetry: 0, eligibleForRetry: 0 },
      errorBreakdown: { transient: 6, nonRetryable: 0, rateLimited: 0 },
    });
    expect(await auditOf(app, newest(exhausted).correlationId)).toEqual([
      ...Array.from({ length: 4 }, () => "calendar_sync_retry warning"),
      "calendar_sync_retry error",
    ]);

    // The next pull is exhausted too: one open failure still, and somebody must look.
    await app.pull(connection);
    await until(async () => (await seen(app, connection)).syncRuns.nodes[0]?.status === "FAILED");
    const again = await seen(app, connection, { includeExhausted: true });
    expect(again.syncRuns.nodes.map(({ status }) => status)).toEqual(["FAILED", "CANCELLED", "SUCCEEDED"]);
    expect(again.syncStatus).toMatchObject({ health: "ACTION_NEEDED", statistics: { openFailures: 1, failures: 12 } });
    expect(await auditOf(app, newest(exhausted).correlationId)).toContain("calendar_sync_run_cancelled info");

    // It is over: a replay brings everything up to date.
    app.simulator.control.clearFaults();
    addEvent(app.simulator, account, "Two", 2);
    const failed = newest(again);
    expect(await app.manager(replay, { id: failed.id })).toMatchObject({
      replayAttempt: {
        message: "Replay completed successfully",
        result: { status: "SUCCESS", errorCode: null },
        attempt: { retryCount: 6 },
      },
    });
    const over = await seen(app, connection, { includeExhausted: true });
    expect(over.failedAttempts.totalCount).toBe(0);
    expect(over.syncStatus).toMatchObject({ health: "HEALTHY", statistics: { openFailures: 0, successes: 2 } });
    expect((await auditOf(app, failed.correlationId)).slice(-2)).toEqual([
      "calendar_sync_manual_replay_requested info",
      "calendar_sync_manual_replay_success info",
    ]);
    expect(await app.sql("select from appointment where connection_id = $1", [connection])).toHaveLength(2);
  });
});

describe("a revoked account", () => {
  test("stops its connection once, leaves its appointments, and everything asked of it is refused", async () => {
    const account = "revoked@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 2);
    await app.pull(connection);
    const [appointment] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1", [
      connection,
    ]);
    app.simulator.control.setRevoked(account, true);
    app.simulator.control.expireAccessTokens(account);
    // Two runs find out at the same time.
    const single = "mutation ($id: ID!) { resyncAppointment(appointmentId: $id, waitSeconds: 0) { run { id } } }";
    await Promise.all([app.manager(resync, { id: connection }), app.manager(single, { id: appointment?.id })]);
    await app.quiet(connection);

    const view = await seen(app, connection);
    expect(view.syncStatus).toMatchObject({
      ...{ status: "REVOKED", statusReason: "CREDENTIALS_REFUSED", health: "ACTION_NEEDED", nextSyncAt: null },
    });
    expect(view.syncRuns.nodes.map(({ status }) => status)).toEqual(["HELD", "HELD", "SUCCEEDED"]);
    expect(newest(view)).toMatchObject({
      ...{ errorClass: "NON_RETRYABLE", errorCode: "INVALID_GRANT", remedy: "RECONNECT" },
      ...{ isReplayable: false, notReplayableReason: "NON_RETRYABLE", nextRetryAt: null },
    });
    const events = await app.sql(
      "select from audit_event where event_type = 'calendar_connection_revoked' and resource_id = $1",
      [connection],
    );
    expect(events).toHaveLength(1);
    const live = "select from appointment where connection_id = $1 and status = 'CONFIRMED'";
    expect(await app.sql(live, [connection])).toHaveLength(2);

    const requests = requestsOf(account);
    expect(await refusalOf(app.manager(replay, { id: newest(view).id }))).toMatchObject({
      ...{ code: "NOT_REPLAYABLE", reason: "NON_RETRYABLE" },
    });
    const refused = { code: "BAD_USER_INPUT", reason: "CONNECTION_REVOKED" };
    expect(await refusalOf(app.manager(resync, { id: connection }))).toEqual(refused);
    expect(await refusalOf(app.manager(single, { id: appointment?.id }))).toEqual(refused);
    for (const change of ["pauseConnection", "resumeConnection"]) {
      const mutation = `mutation ($id: ID!) { ${change}(connectionId: $id) { id } }`;
      expect(await refusalOf(app.manager(mutation, { id: connection }))).toEqual(refused);
    }
    expect(requestsOf(account)).toBe(requests);
  });
});

describe("a mailbox that answers 429 with Retry-After 600", () => {
  test("is left alone until then, whatever managers do, and then goes on by itself", async () => {
    const account = "throttled@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "One");
    const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      then: { status: 429, headers: { "retry-after": "600" }, body },
    });
    await app.pull(connection);

    const waiting = await seen(app, connection);
    const failed = newest(waiting);
    expect(waiting.syncRuns.nodes).toEqual([expect.objectContaining({ status: "RETRYING" })]);
    expect(failed).toMatchObject({ errorClass: "RATE_LIMITED", remedy: "WAIT", retryCount: 0, isReplayable: true });
    expect(waiting.syncStatus).toMatchObject({
      health: "DELAYED",
      statistics: { openFailures: 1, pendingRetry: 1, eligibleForRetry: 1 },
    });
    const [row] = await app.sql<{ delay: number }>(
      "select extract(epoch from next_retry_at - finished_at)::float8 as delay from sync_attempt where id = $1",
      [failed.id],
    );
    expect(row?.delay).toBeGreaterThanOrEqual(600);
    const requests = requestsOf(account);

    // A replay is refused until the provider's time is over, and says when that is.
    const refusal = await refusalOf(app.manager(replay, { id: failed.id }));
    expect(refusal).toMatchObject({ code: "RATE_LIMITED" });
    expect(Date.parse(String(refusal["retryAt"]))).toBeLessThanOrEqual(Date.parse(String(failed.nextRetryAt)));

    // Paused, nothing is ahead; resumed, it is queued and still not asked.
    await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id: connection });
    const paused = await seen(app, connection);
    expect(paused.syncStatus).toMatchObject({
      health: "PAUSED",
      statistics: { openFailures: 1, pendingRetry: 0, eligibleForRetry: 1 },
    });
    expect(newest(paused).nextRetryAt).toBeNull();
    await app.manager("mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }", { id: connection });
    expect((await seen(app, connection)).syncRuns.nodes).toEqual([expect.objectContaining({ status: "QUEUED" })]);
    await until(async () => {
      const due = "select from calendar_connection where id = $1 and next_pull_at <= now()";
      return (await app.sql(due, [connection])).length === 0;
    });
    expect(requestsOf(account)).toBe(requests);

    await letTimePass(app, connection);
    await app.quiet(connection);
    const over = await seen(app, connection, { includeClosed: true });
    expect(over.syncRuns.nodes).toEqual([expect.objectContaining({ status: "SUCCEEDED" })]);
    expect(newest(over)).toMatchObject({ state: "RESOLVED", remedy: "NONE", isReplayable: false });
    expect(over.syncStatus).toMatchObject({ health: "HEALTHY", statistics: { openFailures: 0, successRate: 50 } });
    expect(await auditOf(app, failed.correlationId)).toEqual(["calendar_sync_retry info"]);
  });
});
