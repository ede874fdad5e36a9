import type pg from "pg";

/** A row by column names; objects are stored as JSON. */
type Row = Record<string, unknown>;

const start = Date.now() - 3_600_000;

/** So many minutes into the history, which began an hour ago. */
export function minute(count: number): Date {
  return new Date(start + count * 60_000);
}

export function correlationOf(runId: number): string {
  return `00000000-0000-4000-8000-${String(runId).padStart(12, "0")}`;
}

/** The job that a run names where it has one. */
export function jobOf(runId: number): string {
  return `00000000-0000-4000-9000-${String(runId).padStart(12, "0")}`;
}

async function insert(client: pg.Client, table: string, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const columns = Object.keys(row);
    const places = columns.map((_, index) => `$${index + 1}`);
    await client.query(
      `insert into ${table} (${columns.join(", ")}) values (${places.join(", ")})`,
      Object.values(row),
    );
  }
}

/**
 * A history in which everything that a connection can go through has happened once, and in which every invariant holds. All of it
 * belongs to firm 1:
 *
 * - connection 1: run 1 succeeded after a retry, run 2 is a manager's resync that cancelled and moved an appointment, run 3 was
 *   cancelled with its failure resolved by run 2, run 4 is running a full round, run 5 is a resync that waits behind it
 * - connection 2: run 6 failed exhausted, run 7 is retrying, with a place in the retry budget
 * - connection 3: revoked, run 8 held; connection 4: run 9 refused a mass cancellation; connection 5: run 10 lost three workers, and the
 *   circuit opened, because there had been no success for long
 * - connection 6: disconnected; connection 7: paused
 * - connection 8: run 11 succeeded when it was replayed, which closed the circuit, run 12 was cancelled by a manager while it ran
 * - connection 9: was paused and resumed; run 13 had failed exhausted and waits to be replayed, and for its provider to be back
 */
export async function insertConsistentHistory(client: pg.Client): Promise<void> {
  await client.query("begin");
  await insert(client, "firm", [{ id: 1, name: "First" }, { id: 2, name: "Second" }]); // prettier-ignore
  await insert(client, "calendar_connection", connections);
  await insert(client, "calendar_credential", connections.filter(hasCredentials).map(credential));
  await insert(client, "appointment", appointments);
  await insert(client, "sync_run", runs.map(runRow));
  await insert(client, "sync_attempt", attempts.map(attemptRow));
  await insert(client, "audit_event", events.map(eventRow));
  await insert(client, "idempotency_key", [idempotencyKey]);
  await insert(client, "seen_appointment", [{ firm_id: 1, run_id: 4, appointment_id: 1 }]);
  await insert(client, "pgboss.job", [4, 7, 13].map(jobRow));
  for (const counters of statistics) await setStatistics(client, counters);
  await client.query("commit");
}

const connections: Row[] = [
  { id: 1, status: "ACTIVE", next_pull_at: minute(90) },
  { id: 2, status: "ACTIVE", next_pull_at: minute(90) },
  { id: 3, status: "REVOKED", status_reason: "CREDENTIALS_REFUSED", status_changed_at: minute(10) },
  { id: 4, status: "ACTIVE", next_pull_at: minute(90) },
  { id: 5, status: "ACTIVE", next_pull_at: minute(90), circuit_failures: 1, circuit_opened_at: minute(16) },
  { id: 6, status: "REVOKED", status_reason: "DISCONNECTED", status_changed_at: minute(10) },
  { id: 7, status: "PAUSED", status_reason: "MANAGER", status_changed_at: minute(10) },
  { id: 8, status: "ACTIVE", next_pull_at: minute(90) },
  { id: 9, status: "ACTIVE", next_pull_at: minute(90), status_changed_at: minute(10) },
].map((row) => ({
  firm_id: 1,
  provider: "GOOGLE",
  owner_id: "u1",
  account_email: `user${row.id}@example.com`,
  calendar_id: "primary",
  ...row,
}));

function hasCredentials({ status_reason: reason }: Row): boolean {
  return reason !== "DISCONNECTED";
}

function credential({ id }: Row): Row {
  return { firm_id: 1, connection_id: id, key_version: 1, refresh_token: Buffer.from("encrypted") };
}

const appointments: Row[] = [
  { id: 1, status: "CONFIRMED", updated_at: minute(21) },
  { id: 2, status: "CANCELLED", status_reason: "MISSING_AT_PROVIDER", updated_at: minute(21) },
].map((row) => ({
  firm_id: 1,
  connection_id: 1,
  title: "Meeting",
  starts_at: minute(100),
  ends_at: minute(130),
  external_event_id: `event${row.id}`,
  ...row,
}));

const failure = { error_class: "TRANSIENT", error_code: "HTTP_503", error_summary: "unavailable" };
const lost = { error_class: "TRANSIENT", error_code: "WORKER_LOST", error_summary: "Worker lost" };
const refused = { error_class: "NON_RETRYABLE", error_code: "INVALID_GRANT", error_summary: "refused" };
const cancelled = { error_class: "NON_RETRYABLE", error_code: "CANCELLED", error_summary: "Cancelled" };
const massCancel = {
  error_class: "NON_RETRYABLE",
  error_code: "MASS_CANCEL",
  error_summary: "Refused to cancel 20 of 20",
};

const runs: (Row & { id: number })[] = [
  {
    id: 1,
    connection_id: 1,
    status: "SUCCEEDED",
    fence: 2,
    retry_count: 1,
    last_attempt_id: 2,
    finished_at: minute(3),
  },
  {
    ...{ id: 2, connection_id: 1, operation: "RESYNC", trigger: "MANUAL", requested_by_id: "ann", status: "SUCCEEDED" },
    ...{ fence: 1, last_attempt_id: 4, finished_at: minute(21), is_full_round: true, seen_count: 1 },
    ...{ updated_count: 1, cancelled_count: 1 },
  },
  {
    id: 3,
    connection_id: 1,
    status: "CANCELLED",
    fence: 1,
    retry_count: 1,
    last_attempt_id: 3,
    finished_at: minute(21),
  },
  {
    ...{ id: 4, connection_id: 1, status: "RUNNING", fence: 1, last_attempt_id: 5, job_id: jobOf(4) },
    ...{ is_full_round: true, round_start: minute(0), round_end: minute(900), seen_count: 1 },
  },
  {
    id: 5,
    connection_id: 1,
    operation: "RESYNC",
    trigger: "MANUAL",
    requested_by_id: "ann",
    status: "QUEUED",
    started_at: null,
  },
  {
    ...{ id: 6, connection_id: 2, status: "FAILED", fence: 2, retry_count: 1, last_attempt_id: 7, open_failure_id: 7 },
    ...{ finished_at: minute(12), ...failure },
  },
  {
    ...{
      id: 7,
      connection_id: 2,
      status: "RETRYING",
      fence: 1,
      retry_count: 1,
      last_attempt_id: 8,
      open_failure_id: 8,
    },
    ...{ next_retry_at: minute(80), has_retry_slot: true, job_id: jobOf(7), ...failure },
  },
  { id: 8, connection_id: 3, status: "HELD", fence: 1, last_attempt_id: 9, open_failure_id: 9, ...refused },
  {
    ...{ id: 9, connection_id: 4, status: "FAILED", fence: 1, last_attempt_id: 10, open_failure_id: 10 },
    ...{ finished_at: minute(14), is_full_round: true, ...massCancel },
  },
  {
    ...{ id: 10, connection_id: 5, status: "FAILED", fence: 3, retry_count: 2, lost_workers: 3, last_attempt_id: 13 },
    ...{ open_failure_id: 13, finished_at: minute(16), ...lost },
  },
  {
    ...{ id: 11, connection_id: 8, status: "SUCCEEDED", fence: 2, retry_count: 1, last_attempt_id: 21 },
    ...{ finished_at: minute(12) },
  },
  {
    ...{ id: 12, connection_id: 8, status: "CANCELLED", fence: 1, last_attempt_id: 22, finished_at: minute(14) },
    ...{ cancel_requested_by_id: "ann", cancel_reason: "not now" },
  },
  {
    ...{
      id: 13,
      connection_id: 9,
      status: "QUEUED",
      fence: 1,
      retry_count: 1,
      last_attempt_id: 23,
      open_failure_id: 23,
    },
    ...{ replay_of_id: 23, job_id: jobOf(13), waits_for_provider: true },
  },
];

function runRow(run: Row & { id: number }): Row {
  return {
    ...{ firm_id: 1, correlation_id: correlationOf(run.id), created_at: minute(0), started_at: minute(1) },
    ...{ operation: "LIST_CHANGES", direction: "PULL", trigger: "SCHEDULE", ...run },
  };
}

const attempts: (Row & { run_id: number })[] = [
  {
    ...{ id: 1, run_id: 1, connection_id: 1, status: "FAIL", state: "RESOLVED", finished_at: minute(2), ...failure },
    ...{ next_retry_at: minute(3), resolved_by_id: 2 },
  },
  { id: 2, run_id: 1, connection_id: 1, status: "SUCCESS", state: "SUCCEEDED", retry_count: 1, finished_at: minute(3) },
  {
    ...{ id: 3, run_id: 3, connection_id: 1, status: "FAIL", state: "RESOLVED", finished_at: minute(18), ...failure },
    ...{ next_retry_at: minute(19), resolved_by_id: 4 },
  },
  {
    id: 4,
    run_id: 2,
    connection_id: 1,
    operation: "RESYNC",
    status: "SUCCESS",
    state: "SUCCEEDED",
    finished_at: minute(21),
  },
  { id: 5, run_id: 4, connection_id: 1, status: "RUNNING", state: "RUNNING" },
  {
    ...{ id: 6, run_id: 6, connection_id: 2, status: "FAIL", state: "SUPERSEDED", finished_at: minute(11), ...failure },
    ...{ next_retry_at: minute(12) },
  },
  {
    ...{ id: 7, run_id: 6, connection_id: 2, status: "FAIL", state: "OPEN", finished_at: minute(12), ...failure },
    ...{ retry_count: 1, max_retries_reached: true },
  },
  {
    ...{ id: 8, run_id: 7, connection_id: 2, status: "FAIL", state: "OPEN", finished_at: minute(22), ...failure },
    ...{ next_retry_at: minute(80) },
  },
  { id: 9, run_id: 8, connection_id: 3, status: "FAIL", state: "OPEN", finished_at: minute(10), ...refused },
  { id: 10, run_id: 9, connection_id: 4, status: "FAIL", state: "OPEN", finished_at: minute(14), ...massCancel },
  {
    id: 11,
    run_id: 10,
    connection_id: 5,
    status: "FAIL",
    state: "SUPERSEDED",
    finished_at: minute(14),
    ...lost,
    next_retry_at: minute(14),
  },
  {
    ...{ id: 12, run_id: 10, connection_id: 5, status: "FAIL", state: "SUPERSEDED", finished_at: minute(15), ...lost },
    ...{ retry_count: 1, next_retry_at: minute(15) },
  },
  {
    ...{ id: 13, run_id: 10, connection_id: 5, status: "FAIL", state: "OPEN", finished_at: minute(16), ...lost },
    ...{ retry_count: 2, max_retries_reached: true },
  },
  {
    ...{ id: 20, run_id: 11, connection_id: 8, status: "FAIL", state: "RESOLVED", finished_at: minute(11), ...failure },
    ...{ resolved_by_id: 21 },
  },
  {
    ...{ id: 21, run_id: 11, connection_id: 8, status: "SUCCESS", state: "SUCCEEDED", finished_at: minute(12) },
    ...{ retry_count: 1, replay_of_id: 20 },
  },
  { id: 22, run_id: 12, connection_id: 8, status: "FAIL", state: "SUPERSEDED", finished_at: minute(14), ...cancelled },
  {
    ...{ id: 23, run_id: 13, connection_id: 9, status: "FAIL", state: "OPEN", finished_at: minute(11), ...failure },
    ...{ max_retries_reached: true },
  },
];

function attemptRow(attempt: Row & { run_id: number }): Row {
  return {
    ...{ firm_id: 1, provider: "GOOGLE", operation: "LIST_CHANGES", direction: "PULL", started_at: minute(1) },
    ...{ correlation_id: correlationOf(attempt.run_id), ...attempt },
  };
}

const events: (Row & { run?: number })[] = [
  ...[2, 5].map((run) => ({
    type: "calendar_connection_resync_requested",
    run,
    on: ["calendar_connection", 1],
    actor: "ann",
  })),
  { type: "calendar_sync_run_cancelled", run: 3, on: ["sync_run", 3], at: minute(21) },
  {
    type: "appointment_cancelled_by_sync",
    run: 2,
    on: ["appointment", 2],
    at: minute(21),
    metadata: { reason: "missing_at_provider" },
  },
  { type: "appointment_time_changed_by_sync", run: 2, on: ["appointment", 1], at: minute(21) },
  { type: "calendar_connection_revoked", run: 8, on: ["calendar_connection", 3], at: minute(10), severity: "error" },
  { type: "calendar_connection_disconnected", on: ["calendar_connection", 6], at: minute(10), actor: "ann" },
  { type: "calendar_connection_paused", on: ["calendar_connection", 7], at: minute(10), actor: "ann" },
  {
    type: "calendar_sync_mass_cancel_refused",
    run: 9,
    on: ["calendar_connection", 4],
    at: minute(14),
    severity: "error",
  },
  { type: "calendar_connection_circuit_opened", run: 10, on: ["calendar_connection", 5], at: minute(16) },
  { type: "calendar_connection_circuit_opened", on: ["calendar_connection", 8], at: minute(11) },
  { type: "calendar_connection_circuit_closed", run: 11, on: ["calendar_connection", 8], at: minute(12) },
  { type: "calendar_sync_run_abandoned", run: 10, on: ["sync_run", 10], at: minute(16), severity: "error" },
  ...[
    { run: 1, attempt: 2, count: 1, errorClass: null, exhausted: false, severity: "info", at: minute(3) },
    { run: 6, attempt: 7, count: 1, errorClass: "TRANSIENT", exhausted: true, severity: "error", at: minute(12) },
    { run: 10, attempt: 12, count: 1, errorClass: "TRANSIENT", exhausted: false, severity: "warning", at: minute(15) },
    { run: 10, attempt: 13, count: 2, errorClass: "TRANSIENT", exhausted: true, severity: "error", at: minute(16) },
  ].map(({ run, attempt, count, errorClass, exhausted, severity, at }) => ({
    ...{ type: "calendar_sync_retry", run, on: ["sync_attempt", attempt], severity, at },
    metadata: { retry_count: count, error_class: errorClass, max_retries_reached: exhausted },
  })),
  { type: "calendar_connection_resumed", on: ["calendar_connection", 9], at: minute(10), actor: "ann" },
  { type: "calendar_sync_manual_replay_requested", run: 11, on: ["sync_attempt", 20], at: minute(12), actor: "ann" },
  { type: "calendar_sync_manual_replay_success", run: 11, on: ["sync_attempt", 21], at: minute(12) },
  { type: "calendar_sync_manual_replay_requested", run: 13, on: ["sync_attempt", 23], at: minute(13), actor: "ann" },
  { type: "calendar_sync_run_cancelled", run: 12, on: ["sync_run", 12], at: minute(14), actor: "ann" },
];

function eventRow(event: Row & { run?: number }): Row {
  const [resourceType, resourceId] = event["on"] as [string, number];
  const type = String(event["type"]);
  return {
    ...{
      firm_id: 1,
      event_type: type,
      event_category: type.startsWith("appointment") ? "appointment" : "calendar_sync",
    },
    ...{ severity: event["severity"] ?? "info", actor_id: event["actor"] ?? null, metadata: event["metadata"] ?? {} },
    ...{ resource_type: resourceType, resource_id: resourceId, created_at: event["at"] ?? minute(0) },
    correlation_id: event.run === undefined ? null : correlationOf(event.run),
  };
}

/** What the manager asked for as run 2 was asked for under a key. */
const idempotencyKey: Row = {
  ...{ firm_id: 1, user_id: "ann", operation: "resyncConnection", key: "k1", run_id: 2, created_at: minute(0) },
  arguments_hash: Buffer.alloc(32),
};

/** A job is handed out again after its worker was lost. */
const jobStates: Record<number, string> = { 4: "active", 7: "created", 13: "retry" };

function jobRow(runId: number): Row {
  return {
    id: jobOf(runId),
    name: "sync",
    data: { firmId: "1", runId: String(runId) },
    state: jobStates[runId],
  };
}

const statistics: (Row & { connection_id: number })[] = [
  {
    ...{ connection_id: 1, successes: 2, transient_failures: 2 },
    ...{ last_sync_at: minute(21), last_successful_sync_at: minute(21) },
  },
  { connection_id: 2, transient_failures: 3, open_retryable: 1, open_exhausted: 1, consecutive_failures: 1 },
  { connection_id: 3, non_retryable_failures: 1, open_non_retryable: 1 },
  { connection_id: 4, non_retryable_failures: 1, open_non_retryable: 1, consecutive_failures: 1 },
  { connection_id: 5, transient_failures: 3, open_exhausted: 1, consecutive_failures: 1 },
  {
    ...{ connection_id: 8, successes: 1, transient_failures: 1, non_retryable_failures: 1 },
    ...{ last_sync_at: minute(12), last_successful_sync_at: minute(12) },
  },
  { connection_id: 9, transient_failures: 1, open_exhausted: 1, consecutive_failures: 1 },
];

async function setStatistics(client: pg.Client, { connection_id: id, ...counters }: Row): Promise<void> {
  const columns = Object.keys(counters).map((column, index) => `${column} = $${index + 2}`);
  await client.query(
    `update connection_statistics set ${columns.join(", ")} where firm_id = 1 and connection_id = $1`,
    [id, ...Object.values(counters)],
  );
}
