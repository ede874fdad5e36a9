import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ClientError } from "graphql-request";
import { TestApp, until } from "../support/app.js";
import { addEvent, addEvents } from "../support/calendar.js";

/** The first retry of a throttled attempt comes after a minute, and there is only one. */
const environment = { MAX_RETRIES: "1" };

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment });
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

interface Replay {
  message: string;
  attemptId: string;
  result: { status: string; correlationId: string; errorCode: string | null };
  run: { id: string; status: string };
  attempt: { id: string; retryCount: number; status: string };
}

const mutation = `mutation ($id: ID!, $waitSeconds: Int) { replayAttempt(attemptId: $id, waitSeconds: $waitSeconds, reason: "again") {
  message attemptId result { status correlationId errorCode } run { id status } attempt { id retryCount status } } }`;

async function replay(id: string, more: object = {}): Promise<Replay> {
  return (await app.manager<{ replayAttempt: Replay }>(mutation, { id, ...more })).replayAttempt;
}

/** The extensions of the one error that a request is refused with. */
async function refusalOf(asked: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ClientError) return { ...error.response.errors?.[0]?.extensions };
    throw error;
  }
  throw new Error("it was not refused");
}

/** Refused for going too fast, without a word on how long to wait. */
function busy(account: string, times: number): void {
  const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times, then: { status: 429, body } });
}

interface AttemptRow {
  id: string;
  status: string;
  state: string;
  retry_count: number;
  replay_of_id: string | null;
}

function attemptsOf(connectionId: string): Promise<AttemptRow[]> {
  return app.sql(
    "select id, status, state, retry_count, replay_of_id from sync_attempt where connection_id = $1 order by id",
    [connectionId],
  );
}

/** A connection with an event whose first pull has failed; returns both ids. */
async function failedPull(account: string): Promise<{ connection: string; attempt: string }> {
  const connection = await app.connect(account);
  addEvent(app.simulator, account, "One");
  busy(account, 1);
  await app.pull(connection);
  const [attempt] = await attemptsOf(connection);
  return { connection, attempt: String(attempt?.id) };
}

async function eventTypes(correlationId: string): Promise<string[]> {
  const rows = await app.sql<{ event_type: string }>(
    "select event_type from audit_event where correlation_id = $1 order by id",
    [correlationId],
  );
  return rows.map((row) => row.event_type);
}

describe("a replay", () => {
  test("of a waiting run runs now, in place of its retry, and the audit says who asked and what came of it", async () => {
    const { connection, attempt } = await failedPull("waiting@example.com");

    const replayed = await replay(attempt);

    expect(replayed).toMatchObject({
      message: "Replay completed successfully",
      attemptId: attempt,
      result: { status: "SUCCESS" },
      run: { status: "SUCCEEDED" },
      attempt: { retryCount: 1, status: "SUCCESS" },
    });
    expect(await attemptsOf(connection)).toEqual([
      expect.objectContaining({ state: "RESOLVED" }),
      expect.objectContaining({ state: "SUCCEEDED", replay_of_id: attempt }),
    ]);
    expect(await eventTypes(replayed.result.correlationId)).toEqual([
      "calendar_sync_manual_replay_requested",
      "calendar_sync_manual_replay_success",
    ]);
  });

  test("of an exhausted run runs it again, its retry count going on", async () => {
    const account = "exhausted@example.com";
    const { connection, attempt } = await failedPull(account);
    busy(account, 2);
    expect(await replay(attempt)).toMatchObject({ message: "Replay failed", result: { status: "FAIL" } });
    const [, second] = await attemptsOf(connection);
    expect(second).toMatchObject({ state: "OPEN", retry_count: 1 });

    expect(await replay(String(second?.id))).toMatchObject({ result: { status: "FAIL" }, attempt: { retryCount: 2 } });
    // a superseded attempt stands for its run as long as that has an open failure
    expect(await replay(attempt)).toMatchObject({ result: { status: "SUCCESS" }, attempt: { retryCount: 3 } });
    expect((await attemptsOf(connection)).map(({ state }) => state)).toEqual([
      "SUPERSEDED",
      "SUPERSEDED",
      "RESOLVED",
      "SUCCEEDED",
    ]);
  });

  test("is refused for a success, and for what a later attempt has resolved, naming it", async () => {
    const { connection, attempt } = await failedPull("resolved@example.com");
    await replay(attempt);
    const success = String((await attemptsOf(connection)).at(-1)?.id);
    expect(await refusalOf(replay(success))).toMatchObject({ code: "NOT_REPLAYABLE", reason: "SUCCEEDED" });
    expect(await refusalOf(replay(attempt))).toMatchObject({
      code: "NOT_REPLAYABLE",
      reason: "RESOLVED",
      resolvedBy: success,
    });
  });

  test("is refused for a non-retryable failure", async () => {
    const account = "forbidden@example.com";
    const connection = await app.connect(account);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { status: 403, body: {} } });
    await app.pull(connection);
    const [attempt] = await attemptsOf(connection);
    expect(await refusalOf(replay(String(attempt?.id)))).toMatchObject({
      code: "NOT_REPLAYABLE",
      reason: "NON_RETRYABLE",
    });
  });

  test("is refused while its run runs, with the correlation id and the latest attempt", async () => {
    const account = "running@example.com";
    const { attempt } = await failedPull(account);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 1500 } });
    const first = await replay(attempt, { waitSeconds: 0 });
    expect(first).toMatchObject({ message: "Replay initiated", result: { status: "RUNNING" } });
    expect(await refusalOf(replay(attempt))).toMatchObject({
      code: "CONFLICT",
      reason: "REPLAY_ACTIVE",
      correlationId: first.result.correlationId,
    });
    await until(async () =>
      (await attemptsOf(String(await connectionOf(attempt)))).every(({ status }) => status !== "RUNNING"),
    );
  });

  test("before a provider's Retry-After has passed starts nothing and says when it may", async () => {
    const account = "throttled@example.com";
    const connection = await app.connect(account);
    const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      then: { status: 429, headers: { "retry-after": "600" }, body },
    });
    await app.pull(connection);
    const [attempt] = await attemptsOf(connection);
    const refusal = await refusalOf(replay(String(attempt?.id)));
    expect(refusal).toMatchObject({ code: "RATE_LIMITED", retryAt: expect.stringMatching(/Z$/) });
    expect(await attemptsOf(connection)).toHaveLength(1);
  });

  test("many at once: exactly one runs, the others conflict, and one request is audited", async () => {
    const account = "many@example.com";
    const { connection, attempt } = await failedPull(account);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 2000 } });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        replay(attempt).then(
          ({ result }) => result.status,
          (error: unknown) => (error instanceof ClientError ? error.response.errors?.[0]?.extensions["code"] : error),
        ),
      ),
    );
    expect(answers.filter((answer) => answer === "SUCCESS")).toHaveLength(1);
    expect(answers.filter((answer) => answer === "CONFLICT")).toHaveLength(49);
    expect(await attemptsOf(connection)).toHaveLength(2);
    const [run] = await app.sql<{ correlation_id: string }>(
      "select correlation_id from sync_run where connection_id = $1",
      [connection],
    );
    expect(await eventTypes(String(run?.correlation_id))).toEqual([
      "calendar_sync_manual_replay_requested",
      "calendar_sync_manual_replay_success",
    ]);
  });

  test("of an unknown attempt, or another firm's, is not found", async () => {
    const { attempt } = await failedPull("theirs@example.com");
    for (const id of ["999999", "0", "x", "9223372036854775808"]) {
      expect(await refusalOf(replay(id))).toEqual({ code: "NOT_FOUND" });
    }
    expect(await refusalOf(app.manager(mutation, { id: attempt }, "2"))).toEqual({ code: "NOT_FOUND" });
  });
});

async function connectionOf(attempt: string): Promise<string | undefined> {
  const [row] = await app.sql<{ connection_id: string }>("select connection_id from sync_attempt where id = $1", [
    attempt,
  ]);
  return row?.connection_id;
}

describe("a paused connection", () => {
  const pause =
    'mutation ($id: ID!) { pauseConnection(connectionId: $id, reason: "holiday") { status statusReason health nextSyncAt } }';
  const resume = "mutation ($id: ID!) { resumeConnection(connectionId: $id) { status statusReason } }";

  test("holds what waits, refuses what is asked, and goes on when it is resumed", async () => {
    const { connection, attempt } = await failedPull("paused@example.com");

    expect(await app.manager(pause, { id: connection })).toEqual({
      pauseConnection: { status: "PAUSED", statusReason: "MANAGER", health: "PAUSED", nextSyncAt: null },
    });
    const [held] = await app.sql<{ status: string }>("select status from sync_run where connection_id = $1", [
      connection,
    ]);
    expect(held?.status).toBe("HELD");
    expect(await refusalOf(replay(attempt))).toMatchObject({ code: "BAD_USER_INPUT", reason: "CONNECTION_PAUSED" });

    expect(await app.manager(resume, { id: connection })).toMatchObject({ resumeConnection: { status: "ACTIVE" } });
    await app.quiet(connection);
    expect((await attemptsOf(connection)).map(({ state }) => state)).toEqual(["RESOLVED", "SUCCEEDED"]);
  });

  test("paused or resumed twice changes and audits nothing the second time", async () => {
    const connection = await app.connect("twice@example.com");
    for (const mutation of [pause, pause, resume, resume]) await app.manager(mutation, { id: connection });
    const events = await app.sql<{ event_type: string }>(
      "select event_type from audit_event where resource_type = 'calendar_connection' and resource_id = $1 order by id",
      [connection],
    );
    expect(events.map((event) => event.event_type)).toEqual([
      "calendar_connection_paused",
      "calendar_connection_resumed",
    ]);
    await app.quiet(connection);
  });
});

describe("cancelling a run", () => {
  const cancel = `mutation ($id: ID!) { cancelSyncRun(correlationId: $id, reason: "wrong calendar") {
    run { status isFinished createdCount attempts { status state errorCode } } } }`;

  test("that runs ends it at its next page: the cursor stays, what was applied stays and is counted", async () => {
    const account = "cancelled@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3000);
    app.simulator.control.addFault({ match: { account, pathRegex: "pageToken" }, then: { delayMs: 1500 } });
    const { resyncConnection } = await app.manager<{ resyncConnection: { result: { correlationId: string } } }>(
      "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { result { correlationId } } }",
      { id: connection },
    );
    await until(
      async () =>
        (await app.sql("select from sync_run where connection_id = $1 and pages_done > 0", [connection])).length > 0,
    );

    const { cancelSyncRun } = await app.manager<{ cancelSyncRun: { run: object } }>(cancel, {
      id: resyncConnection.result.correlationId,
    });

    expect(cancelSyncRun.run).toMatchObject({
      status: "CANCELLED",
      isFinished: true,
      createdCount: 2500,
      attempts: [{ status: "FAIL", state: "SUPERSEDED", errorCode: "CANCELLED" }],
    });
    const [row] = await app.sql<{ cursor: string | null }>("select cursor from calendar_connection where id = $1", [
      connection,
    ]);
    expect(row?.cursor).toBeNull();
    expect(await eventTypes(resyncConnection.result.correlationId)).toEqual([
      "calendar_connection_resync_requested",
      "calendar_sync_run_cancelled",
    ]);
  });

  test("that waits ends it at once and closes its failure", async () => {
    const { connection, attempt } = await failedPull("cancel-waiting@example.com");
    const [run] = await app.sql<{ correlation_id: string }>(
      "select correlation_id from sync_run where connection_id = $1",
      [connection],
    );
    expect(await app.manager(cancel, { id: run?.correlation_id })).toMatchObject({
      cancelSyncRun: { run: { status: "CANCELLED" } },
    });
    expect(await refusalOf(replay(attempt))).toMatchObject({ code: "NOT_REPLAYABLE", reason: "RESOLVED" });
  });
});
