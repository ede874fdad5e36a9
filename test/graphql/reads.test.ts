import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startTestServer, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe("a manager reads", () => {
  test("who they are", async () => {
    const { data } = await server.ask("{ viewer { id name firmId role isStaff isManager } }");
    expect(data).toEqual({
      viewer: { id: "42", name: "Mara", firmId: "1", role: "manager", isStaff: true, isManager: true },
    });
  });

  test("how a connection stands, with statistics that add up", async () => {
    const id = await server.given.connection({
      cursor: "cursor_abc",
      cursor_fingerprint: "f",
      next_pull_at: "2026-03-01T09:05:00Z",
    });
    await server.given.openFailure(id);
    await server.given.openFailure(id, { next_retry_at: "2020-01-01T00:00:00Z" });
    await server.given.counters(id, {
      successes: 145,
      transient_failures: 3,
      non_retryable_failures: 1,
      rate_limited_failures: 1,
      open_retryable: 2,
      open_exhausted: 1,
      open_non_retryable: 1,
      last_sync_at: "2025-12-30T10:30:00Z",
      last_successful_sync_at: "2025-12-30T10:30:00.25Z",
    });
    const { data, errors } = await server.ask(
      `query ($id: ID!) { syncStatus(connectionId: $id) {
        connectionId provider status statusReason lastSyncAt nextSyncAt lastSyncCursor
        statistics { totalAttempts successes failures successRate openFailures maxRetriesReached pendingRetry eligibleForRetry
          errorBreakdown { transient nonRetryable rateLimited } lastSuccessfulSync lastSyncCursor } } }`,
      { id },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      syncStatus: {
        connectionId: id,
        provider: "GOOGLE",
        status: "ACTIVE",
        statusReason: null,
        lastSyncAt: "2025-12-30T10:30:00Z",
        nextSyncAt: "2026-03-01T09:05:00Z",
        lastSyncCursor: "cursor_abc",
        statistics: {
          totalAttempts: 150,
          successes: 145,
          failures: 5,
          successRate: 96.7,
          openFailures: 4,
          maxRetriesReached: 1,
          pendingRetry: 1,
          eligibleForRetry: 2,
          errorBreakdown: { transient: 3, nonRetryable: 1, rateLimited: 1 },
          lastSuccessfulSync: "2025-12-30T10:30:00.250Z",
          lastSyncCursor: "cursor_abc",
        },
      },
    });
  });

  test("an attempt with its run, connection and appointment", async () => {
    const connectionId = await server.given.connection();
    const appointmentId = await server.given.appointment({ connection_id: connectionId, external_event_id: "ext_1" });
    const runId = await server.given.run(connectionId, { appointment_id: appointmentId });
    const failed = { status: "FAIL", error_class: "TRANSIENT", error_code: "TIMEOUT", error_summary: "No answer." };
    const run = { id: runId, connectionId };
    const second = await server.given.attempt(run, {
      appointment_id: appointmentId,
      operation: "UPSERT",
      retry_count: 1,
    });
    const first = await server.given.attempt(run, { ...failed, state: "RESOLVED", resolved_by_id: second });
    const { data, errors } = await server.ask(
      `query ($id: ID!) { syncAttempt(id: $id) {
        status state durationMs isRunning remedy isReplayable notReplayableReason startedAt finishedAt
        resolvedBy { id operation retryCount appointment { id externalEventId } }
        run { id status isFinished attempts { id } appointment { id } connection { id } }
        connection { id accountEmail } } }`,
      { id: first },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      syncAttempt: {
        status: "FAIL",
        state: "RESOLVED",
        durationMs: 1500,
        isRunning: false,
        remedy: "NONE",
        isReplayable: false,
        notReplayableReason: "RESOLVED",
        startedAt: "2026-03-01T09:00:00Z",
        finishedAt: "2026-03-01T09:00:01.500Z",
        resolvedBy: {
          id: second,
          operation: "UPSERT",
          retryCount: 1,
          appointment: { id: appointmentId, externalEventId: "ext_1" },
        },
        run: {
          id: runId,
          status: "SUCCEEDED",
          isFinished: true,
          attempts: [{ id: second }, { id: first }],
          appointment: { id: appointmentId },
          connection: { id: connectionId },
        },
        connection: { id: connectionId, accountEmail: "ada@example.test" },
      },
    });
  });

  test("a run by its correlation id, in any case of its letters, also waiting for it", async () => {
    const correlationId = "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a";
    const runId = await server.given.run(await server.given.connection(), { correlation_id: correlationId });
    const query = "query ($id: ID!) { syncRun(correlationId: $id, waitSeconds: 1) { id correlationId isFinished } }";
    const { data } = await server.ask(query, { id: correlationId.toUpperCase() });
    expect(data).toEqual({ syncRun: { id: runId, correlationId, isFinished: true } });
  });
});

describe("failed attempts", () => {
  test("are the open ones; exhausted and closed ones only where asked for", async () => {
    const id = await server.given.connection();
    const waiting = await server.given.openFailure(id);
    const refused = await server.given.openFailure(id, { error_class: "NON_RETRYABLE", error_code: "MASS_CANCEL" });
    const exhausted = await server.given.openFailure(id, { max_retries_reached: true });
    const superseded = await server.given.openFailure(id, { state: "SUPERSEDED" });
    const list = async (flags: string) => {
      const { data } = await server.ask<{ failedAttempts: { nodes: { id: string }[] } }>(
        `{ failedAttempts(connectionId: "${id}"${flags}) { nodes { id remedy isReplayable notReplayableReason } } }`,
      );
      return data?.failedAttempts.nodes;
    };
    expect(await list("")).toEqual([
      {
        id: refused.attemptId,
        remedy: "CONFIRM_MASS_CANCEL",
        isReplayable: false,
        notReplayableReason: "NON_RETRYABLE",
      },
      { id: waiting.attemptId, remedy: "WAIT", isReplayable: true, notReplayableReason: null },
    ]);
    const ids = async (flags: string) => (await list(flags))?.map((node) => node.id);
    expect(await ids(", includeExhausted: true")).toEqual([exhausted.attemptId, refused.attemptId, waiting.attemptId]);
    expect(await ids(", includeClosed: true")).toEqual([superseded.attemptId, refused.attemptId, waiting.attemptId]);
    expect(await ids(", includeClosed: true, includeExhausted: true")).toHaveLength(4);
  });

  test("are filtered by class, code, operation, direction, provider, appointment and start", async () => {
    const id = await server.given.connection();
    const { attemptId } = await server.given.openFailure(id, {
      error_class: "RATE_LIMITED",
      error_code: "QUOTA_EXCEEDED",
    });
    const count = async (filter: string) => {
      const query = `{ failedAttempts(connectionId: "${id}", filter: { ${filter} }) { totalCount nodes { id } } }`;
      const { data, errors } = await server.ask<{ failedAttempts: { totalCount: number; nodes: { id: string }[] } }>(
        query,
      );
      expect(errors).toEqual([]);
      expect(data?.failedAttempts.nodes.every((node) => node.id === attemptId)).toBe(true);
      return data?.failedAttempts.totalCount;
    };
    expect(await count("errorClass: [TRANSIENT, RATE_LIMITED]")).toBe(1);
    expect(await count("errorClass: [TRANSIENT]")).toBe(0);
    expect(await count('errorCode: "QUOTA_EXCEEDED"')).toBe(1);
    expect(await count("operation: [LIST_CHANGES], direction: PULL, provider: GOOGLE")).toBe(1);
    expect(await count("direction: PUSH")).toBe(0);
    expect(await count('appointmentId: "5"')).toBe(0);
    expect(await count('startedAfter: "2026-03-01T10:00:00+01:00", startedBefore: "2026-03-01T09:00:01Z"')).toBe(1);
    expect(await count('startedAfter: "2026-03-01T09:00:00.001Z"')).toBe(0);
  });
});

describe("connections", () => {
  test("are found by part of the address or name, LIKE characters meaning themselves", async () => {
    const named = await server.given.connection({ account_email: "zoe@example.test", calendar_name: "100%_Team" });
    const search = async (text: string) => {
      const query = "query ($text: String) { calendarConnections(search: $text) { nodes { id } } }";
      const { data } = await server.ask<{ calendarConnections: { nodes: { id: string }[] } }>(query, { text });
      return data?.calendarConnections.nodes.map(({ id }) => id);
    };
    expect(await search("ZOE@")).toEqual([named]);
    expect(await search("0%_t")).toEqual([named]);
    expect(await search("_oe@")).toEqual([]);
    expect(await search("\\")).toEqual([]);
  });

  test("tell their health, and are filtered by it", async () => {
    const recently = new Date().toISOString();
    const at = async (columns: object, counters: object) => {
      const id = await server.given.connection({ firm_id: "60", ...columns });
      await server.given.counters(id, { last_successful_sync_at: recently, ...counters });
      return id;
    };
    const healthy = await at({}, {});
    const delayed = await at({}, { open_retryable: 1 });
    const stale = await at({}, { last_successful_sync_at: "2020-01-01T00:00:00Z" });
    const exhausted = await at({}, { open_exhausted: 1, consecutive_failures: 2 });
    const revoked = await at({ status: "REVOKED", status_reason: "CREDENTIALS_REFUSED" }, {});
    const held = await at({}, {});
    await server.given.run(held, { firm_id: "60", status: "HELD" });
    const paused = await at({ status: "PAUSED", status_reason: "MANAGER" }, {});
    const { tokenOf } = await import("../support/graphql-server.js");
    const token = await tokenOf({ firmId: "60" });
    const { data } = await server.ask("{ calendarConnections { totalCount nodes { id health } } }", {}, token);
    expect(data).toEqual({
      calendarConnections: {
        totalCount: 7,
        nodes: [
          { id: paused, health: "PAUSED" },
          { id: held, health: "ACTION_NEEDED" },
          { id: revoked, health: "ACTION_NEEDED" },
          { id: exhausted, health: "ACTION_NEEDED" },
          { id: stale, health: "STALE" },
          { id: delayed, health: "DELAYED" },
          { id: healthy, health: "HEALTHY" },
        ],
      },
    });
    const filtered = await server.ask("{ calendarConnections(health: [STALE, HEALTHY]) { nodes { id } } }", {}, token);
    expect(filtered.data).toEqual({ calendarConnections: { nodes: [{ id: stale }, { id: healthy }] } });
  });
});

test("appointments are ordered by start, and by change when asked for changes", async () => {
  const connectionId = await server.given.connection();
  const later = { starts_at: "2026-05-02T09:00:00Z", ends_at: "2026-05-02T10:00:00Z" };
  const a = await server.given.appointment({
    connection_id: connectionId,
    ...later,
    updated_at: "2026-01-01T00:00:00Z",
  });
  const b = await server.given.appointment({ connection_id: connectionId, updated_at: "2026-01-02T00:00:00.001Z" });
  const ids = async (args: string) => {
    const { data } = await server.ask<{ appointments: { nodes: { id: string }[] } }>(
      `{ appointments(connectionId: "${connectionId}"${args}) { nodes { id } } }`,
    );
    return data?.appointments.nodes.map(({ id }) => id);
  };
  expect(await ids("")).toEqual([b, a]);
  expect(await ids(', updatedAfter: "2026-01-01T00:00:00Z"')).toEqual([a, b]);
  expect(await ids(', updatedAfter: "2026-01-02T00:00:00.001Z"')).toEqual([b]);
  expect(await ids(', startsAfter: "2026-05-02T09:00:00Z"')).toEqual([a]);
  expect(await ids(', startsBefore: "2026-05-02T09:00:00Z", status: CONFIRMED')).toEqual([b]);
});

test("reading audit events is itself recorded, once a query, with its filters", async () => {
  await server.given.auditEvent({ resource_id: "77", metadata: '{"provider":"google"}' });
  const { data, errors } = await server.ask(
    '{ auditEvents(resourceId: "77") { totalCount nodes { eventType eventCategory severity actorId resourceType resourceId metadata } } }',
  );
  expect(errors).toEqual([]);
  expect(data).toEqual({
    auditEvents: {
      totalCount: 1,
      nodes: [
        {
          eventType: "calendar_connection_connected",
          eventCategory: "calendar_connection",
          severity: "info",
          actorId: null,
          resourceType: "calendar_connection",
          resourceId: "77",
          metadata: { provider: "google" },
        },
      ],
    },
  });
  const reads = await server.given.sql(
    "select actor_id, resource_type, resource_id, metadata from audit_event where event_type = 'audit_events_read'",
  );
  expect(reads).toEqual([
    { actor_id: "42", resource_type: "firm", resource_id: "1", metadata: { filters: { resource_id: "77" } } },
  ]);
});
