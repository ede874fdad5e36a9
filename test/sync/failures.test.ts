import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ClientError } from "graphql-request";
import { quickRetries, TestApp, until } from "../support/app.js";
import { addEvent, addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";

interface Attempt {
  id: string;
  state: string;
  errorClass: string;
  errorCode: string;
  errorSummary: string;
  remedy: string;
  retryCount: number;
  maxRetriesReached: boolean;
  nextRetryAt: string | null;
  providerStatus: number | null;
  resolvedBy: { id: string } | null;
}
interface Seen {
  syncStatus: { status: string; statusReason: string | null; health: string; statistics: Record<string, unknown> };
  failedAttempts: { totalCount: number; nodes: Attempt[] };
  syncRuns: { nodes: { status: string; correlationId: string; pagesDone: number; createdCount: number }[] };
}

/** What a manager sees of a connection. */
async function look(
  app: TestApp,
  connectionId: string,
  which: { includeExhausted?: boolean; includeClosed?: boolean } = {},
): Promise<Seen> {
  return app.manager<Seen>(
    `query ($id: ID!, $includeExhausted: Boolean! = false, $includeClosed: Boolean! = false) {
      syncStatus(connectionId: $id) { status statusReason health statistics {
        totalAttempts successes failures openFailures maxRetriesReached pendingRetry eligibleForRetry
        errorBreakdown { transient nonRetryable rateLimited } } }
      failedAttempts(connectionId: $id, includeExhausted: $includeExhausted, includeClosed: $includeClosed) { totalCount nodes {
        id state errorClass errorCode errorSummary remedy retryCount maxRetriesReached nextRetryAt providerStatus resolvedBy { id } } }
      syncRuns(connectionId: $id) { nodes { status correlationId pagesDone createdCount } }
    }`,
    { id: connectionId, ...which },
  );
}

async function eventTypes(app: TestApp, connectionId: string): Promise<string[]> {
  const rows = await app.sql<{ event: string }>(
    `select event.event_type || ' ' || event.severity as event from audit_event event
     join sync_run run using (firm_id, correlation_id) where run.connection_id = $1 order by event.id`,
    [connectionId],
  );
  return rows.map(({ event }) => event);
}

describe("retries that come at once", () => {
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

  test("a page lost half-way: the retry goes on at the page after the last one written", async () => {
    const account = "half@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3000);
    app.simulator.control.setScenario({ pages: "short" });
    app.simulator.control.addFault({ match: { account, pathRegex: "pageToken", nth: 2 }, then: { destroy: true } });

    await app.pull(connection);

    const seen = await look(app, connection, { includeClosed: true });
    expect(seen.syncRuns.nodes).toEqual([expect.objectContaining({ status: "SUCCEEDED", createdCount: 3000 })]);
    expect(seen.failedAttempts.nodes).toEqual([
      expect.objectContaining({
        state: "RESOLVED",
        errorClass: "TRANSIENT",
        errorCode: "CONNECTION_ERROR",
        retryCount: 0,
      }),
    ]);
    const lists = app.simulator.control.requests({ account }).filter(({ url }) => url.includes("/events"));
    expect(lists.filter(({ url }) => !url.includes("pageToken"))).toHaveLength(1); // the first page is not read again
    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
    expect(await eventTypes(app, connection)).toEqual(["calendar_sync_retry info"]);
  });

  test("an outage longer than every retry exhausts the run; the next success resolves it", async () => {
    const account = "outage@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "One");
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      times: null,
      then: { status: 503, body: "down" },
    });

    await app.pull(connection);

    const during = await look(app, connection, { includeExhausted: true });
    expect(during.syncRuns.nodes).toEqual([expect.objectContaining({ status: "FAILED" })]);
    expect(during.failedAttempts.nodes).toEqual([
      expect.objectContaining({
        retryCount: 5,
        maxRetriesReached: true,
        nextRetryAt: null,
        providerStatus: 503,
        state: "OPEN",
      }),
    ]);
    expect(during.failedAttempts.nodes[0]?.errorSummary).toMatch(/^Retry 5: /);
    expect((await look(app, connection)).failedAttempts.totalCount).toBe(0);
    expect(during.syncStatus.statistics).toEqual({
      totalAttempts: 6,
      successes: 0,
      failures: 6,
      openFailures: 1,
      maxRetriesReached: 1,
      pendingRetry: 0,
      eligibleForRetry: 0,
      errorBreakdown: { transient: 6, nonRetryable: 0, rateLimited: 0 },
    });
    expect(await eventTypes(app, connection)).toEqual([
      ...Array.from({ length: 4 }, () => "calendar_sync_retry warning"),
      "calendar_sync_retry error",
    ]);

    app.simulator.control.clearFaults();
    await app.pull(connection);

    const after = await look(app, connection, { includeExhausted: true, includeClosed: true });
    expect(after.syncStatus).toMatchObject({
      health: "HEALTHY",
      statistics: { totalAttempts: 7, openFailures: 0, maxRetriesReached: 0 },
    });
    expect(after.failedAttempts.nodes[0]).toMatchObject({ state: "RESOLVED", resolvedBy: { id: expect.any(String) } });
    expect(after.failedAttempts.nodes.slice(1).every(({ state }) => state === "SUPERSEDED")).toBe(true);
  });

  test("a dead connection has one open failure, not one for every pull", async () => {
    const account = "dead@example.com";
    const connection = await app.connect(account);
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      times: null,
      then: { status: 400, body: {} },
    });
    for (let pulls = 0; pulls < 3; pulls += 1) await app.pull(connection);
    const seen = await look(app, connection);
    expect(seen.syncStatus.statistics).toMatchObject({ failures: 3, openFailures: 1 });
    expect(seen.syncRuns.nodes.map(({ status }) => status)).toEqual(["FAILED", "CANCELLED", "CANCELLED"]);
  });

  test("every request that reached the provider is counted in an attempt", async () => {
    const [row] = await app.sql<{ counted: string }>("select sum(request_count) as counted from sync_attempt");
    expect(Number(row?.counted)).toBe(app.simulator.control.requests().length);
  });
});

describe("retries that are waited for", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterEach(() => {
    app.simulator.control.clearFaults();
  });
  afterAll(async () => {
    await app.stop();
  });

  test("a throttled account: Retry-After is kept, the failure waits, nothing is asked meanwhile", async () => {
    const account = "throttled@example.com";
    const connection = await app.connect(account);
    const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      then: { status: 429, headers: { "retry-after": "600" }, body },
    });

    await app.pull(connection);

    const seen = await look(app, connection);
    expect(seen.syncRuns.nodes).toEqual([expect.objectContaining({ status: "RETRYING" })]);
    const [attempt] = seen.failedAttempts.nodes;
    expect(attempt).toMatchObject({
      errorClass: "RATE_LIMITED",
      errorCode: "RATE_LIMITED",
      remedy: "WAIT",
      retryCount: 0,
    });
    const [row] = await app.sql<{ delay: number }>(
      "select extract(epoch from next_retry_at - finished_at)::float8 as delay from sync_attempt where id = $1",
      [attempt?.id],
    );
    expect(row?.delay).toBeGreaterThanOrEqual(600);
    expect(row?.delay).toBeLessThanOrEqual(661);
    expect(seen.syncStatus).toMatchObject({
      health: "DELAYED",
      statistics: { openFailures: 1, pendingRetry: 1, eligibleForRetry: 1, errorBreakdown: { rateLimited: 1 } },
    });
    const requests = app.simulator.control.requests({ account }).length;
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    await until(async () => {
      const due = await app.sql("select from calendar_connection where id = $1 and next_pull_at <= now()", [
        connection,
      ]);
      return due.length === 0;
    });
    expect(app.simulator.control.requests({ account })).toHaveLength(requests); // no pull beside one that is retrying
  });

  test("a revoked account: its connection is revoked, its run held, and a resync refused until it is reconnected", async () => {
    const account = "revoked@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "Stays");
    await app.pull(connection);
    app.simulator.control.setRevoked(account, true);
    app.simulator.control.expireAccessTokens(account);

    await app.pull(connection);

    const seen = await look(app, connection);
    expect(seen.syncStatus).toMatchObject({
      status: "REVOKED",
      statusReason: "CREDENTIALS_REFUSED",
      health: "ACTION_NEEDED",
    });
    expect(seen.failedAttempts.nodes).toEqual([
      expect.objectContaining({ errorClass: "NON_RETRYABLE", errorCode: "INVALID_GRANT", remedy: "RECONNECT" }),
    ]);
    expect(seen.syncRuns.nodes[0]).toMatchObject({ status: "HELD" });
    expect(await eventTypes(app, connection)).toEqual(["calendar_connection_revoked error"]);
    expect(
      await app.sql("select from appointment where connection_id = $1 and status = 'CONFIRMED'", [connection]),
    ).toHaveLength(1);
    const refusal = app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id) { message } }", {
      id: connection,
    });
    await expect(refusal).rejects.toThrow(ClientError);
    await expect(refusal).rejects.toMatchObject({
      response: { errors: [{ extensions: { code: "BAD_USER_INPUT", reason: "CONNECTION_REVOKED" } }] },
    });
  });

  test("an access token that is refused is refreshed once within the attempt", async () => {
    const account = "stale-token@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "One");
    await app.pull(connection);
    app.simulator.control.expireAccessTokens(account);
    await app.pull(connection);
    const seen = await look(app, connection, { includeClosed: true });
    expect(seen.failedAttempts.totalCount).toBe(0);
    expect(seen.syncRuns.nodes[0]).toMatchObject({ status: "SUCCEEDED" });
    const statuses = app.simulator.control
      .requests({ account })
      .map(({ method, status }) => `${method} ${status ?? "-"}`);
    expect(statuses.slice(-3)).toEqual(["GET 401", "POST 200", "GET 200"]);
  });
});
