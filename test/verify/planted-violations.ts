import { correlationOf, jobOf, minute } from "./consistent-history.js";

/** What breaks an invariant in the consistent history. */
export interface PlantedViolation {
  sql: string;
  /** Which rows verify must name; ids as it prints them. */
  found: Record<string, string>[];
  /** Other invariants that cannot but break with it. */
  alsoBreaks?: string[];
}

const run = (id: number) => `where firm_id = 1 and id = ${id}`;
const noEvent = (type: string) => `delete from audit_event where event_type = '${type}'`;
const noEventOf = (type: string, id: number) => `${noEvent(type)} and resource_id = ${id}`;
const earlier = (count: number) => `'${minute(count).toISOString()}'`;

/** A copy of a row with some columns changed. */
function copyOf(table: string, id: number, changes: Record<string, string>): string {
  const set = Object.entries(changes).map(([column, value]) => `'${column}', ${value}`);
  return `insert into ${table} select (jsonb_populate_record(t, jsonb_build_object(${set.join(", ")}))).* from ${table} t where firm_id = 1 and id = ${id}`;
}

/** Makes the runs pushes of an appointment. */
function pushed(...runs: number[]): string {
  const push = "direction = 'PUSH', operation = 'UPSERT', appointment_id = 1";
  const ids = runs.join(", ");
  return `update sync_run set ${push} where id in (${ids}); update sync_attempt set ${push} where run_id in (${ids})`;
}

const firm = { firmId: "1" };

/** For each invariant at least one way to break it. */
export const plantedViolations: Record<string, PlantedViolation[]> = {
  "row-level-security": [
    {
      sql: "alter table sync_attempt_default no force row level security",
      found: [{ tableName: "sync_attempt_default" }],
    },
    { sql: "alter table firm disable row level security", found: [{ tableName: "firm" }] },
  ],
  "guards-in-force": [
    {
      sql: "alter table audit_event disable trigger audit_event_is_append_only",
      found: [
        { tableName: "audit_event", guard: "audit_event_is_append_only" },
        { tableName: "audit_event_default", guard: "audit_event_is_append_only" },
      ],
    },
    {
      sql: "alter table appointment add constraint short_title check (length(title) < 5) not valid",
      found: [{ tableName: "appointment", guard: "short_title" }],
    },
    {
      sql: "update pg_index set indisvalid = false where indexrelid = 'sync_run_one_running_pull'::regclass",
      found: [{ tableName: "sync_run", guard: "sync_run_one_running_pull" }],
    },
  ],
  "active-connection-is-scheduled": [
    { sql: `update calendar_connection set next_pull_at = null ${run(4)}`, found: [{ ...firm, connectionId: "4" }] },
  ],
  credentials: [
    { sql: "delete from calendar_credential where connection_id = 7", found: [{ ...firm, connectionId: "7" }] },
  ],
  "disconnected-credentials": [
    {
      sql: "update calendar_credential set connection_id = 6 where connection_id = 3",
      found: [{ ...firm, connectionId: "6" }],
    },
  ],
  "stopped-connection-is-audited": [
    { sql: noEvent("calendar_connection_revoked"), found: [{ ...firm, connectionId: "3" }] },
    { sql: noEvent("calendar_connection_disconnected"), found: [{ ...firm, connectionId: "6" }] },
    {
      sql: `update calendar_connection set status_changed_at = now() ${run(7)}`,
      found: [{ ...firm, connectionId: "7" }],
    },
  ],
  "resumed-connection-is-audited": [
    { sql: noEvent("calendar_connection_resumed"), found: [{ ...firm, connectionId: "9" }] },
    {
      sql: `update calendar_connection set status_changed_at = now() ${run(9)}`,
      found: [{ ...firm, connectionId: "9" }],
    },
  ],
  "erased-connection": [
    {
      sql: `update calendar_connection set erased_at = now(), owner_id = 'erased', account_email = 'erased', calendar_id = 'erased-6' ${run(6)}`,
      found: [{ ...firm, connectionId: "6" }],
    },
  ],
  "connection-has-statistics": [
    { sql: "delete from connection_statistics where connection_id = 7", found: [{ ...firm, connectionId: "7" }] },
  ],
  "attempt-counters": [
    ...["successes", "transient_failures", "rate_limited_failures", "non_retryable_failures"].map((column) => ({
      sql: `update connection_statistics set ${column} = ${column} + 1 where connection_id = 1`,
      found: [{ ...firm, connectionId: "1" }],
    })),
    {
      sql: "update connection_statistics set archived_successes = 1 where connection_id = 1",
      found: [{ ...firm, connectionId: "1" }],
    },
  ],
  "open-failure-counters": ["open_retryable", "open_exhausted", "open_non_retryable"].map((column) => ({
    sql: `update connection_statistics set ${column} = ${column} + 1 where connection_id = 7`,
    found: [{ ...firm, connectionId: "7" }],
  })),
  "consecutive-failures": [
    {
      sql: "update connection_statistics set consecutive_failures = 1 where connection_id = 1",
      found: [{ ...firm, connectionId: "1" }],
    },
  ],
  "last-successful-sync": [
    {
      sql: `update connection_statistics set last_successful_sync_at = ${earlier(20)} where connection_id = 1`,
      found: [{ ...firm, connectionId: "1" }],
    },
  ],
  "last-sync": [
    {
      sql: "update connection_statistics set last_sync_at = null where connection_id = 1",
      found: [{ ...firm, connectionId: "1" }],
    },
    {
      sql: "update connection_statistics set last_sync_at = now() where connection_id = 7",
      found: [{ ...firm, connectionId: "7" }],
    },
  ],
  "last-attempt": [
    {
      sql: `update sync_run set last_attempt_id = null ${run(8)}`,
      found: [{ ...firm, runId: "8", attemptId: "9" }],
    },
    { sql: `update sync_run set last_attempt_id = 99 ${run(5)}`, found: [{ ...firm, runId: "5" }] },
  ],
  "ended-run-has-no-open-failure": [
    {
      sql: `update sync_run set open_failure_id = 3 ${run(3)}`,
      found: [{ ...firm, runId: "3", attemptId: "3" }],
      alsoBreaks: ["open-failure-named-by-run"],
    },
  ],
  "imported-run": [{ sql: `update sync_run set is_imported = true ${run(7)}`, found: [{ ...firm, runId: "7" }] }],
  "failed-run": [
    {
      sql: `update sync_attempt set max_retries_reached = false ${run(13)};
        update connection_statistics set open_exhausted = 0, open_retryable = 1 where connection_id = 5`,
      found: [{ ...firm, runId: "10", attemptId: "13" }],
      alsoBreaks: ["retry-event-tells-outcome"],
    },
  ],
  "retrying-run": [
    { sql: `update sync_run set next_retry_at = now() ${run(7)}`, found: [{ ...firm, runId: "7", attemptId: "8" }] },
    {
      sql: `update sync_attempt set next_retry_at = null, max_retries_reached = true ${run(8)};
        update connection_statistics set open_exhausted = 2, open_retryable = 0 where connection_id = 2`,
      found: [{ ...firm, runId: "7", attemptId: "8" }],
    },
  ],
  "run-tells-its-error": [
    { sql: `update sync_run set error_code = 'OTHER' ${run(9)}`, found: [{ ...firm, runId: "9", attemptId: "10" }] },
  ],
  "run-retry-count": [
    { sql: `update sync_run set retry_count = 3 ${run(7)}`, found: [{ ...firm, runId: "7" }] },
    { sql: `update sync_run set retry_count = 1 ${run(4)}`, found: [{ ...firm, runId: "4" }] },
  ],
  fence: [{ sql: `update sync_run set fence = 1 ${run(1)}`, found: [{ ...firm, runId: "1" }] }],
  "lost-workers": [{ sql: `update sync_run set lost_workers = 1 ${run(6)}`, found: [{ ...firm, runId: "6" }] }],
  "one-failed-pull": [
    {
      sql: `update sync_run set status = 'FAILED', finished_at = ${earlier(22)}, next_retry_at = null, job_id = null,
          has_retry_slot = false ${run(7)};
        update sync_attempt set max_retries_reached = true, next_retry_at = null ${run(8)};
        update connection_statistics set open_exhausted = 2, open_retryable = 0 where connection_id = 2`,
      found: [{ ...firm, connectionId: "2" }],
    },
  ],
  "covered-pull": [
    {
      sql: `update sync_run set connection_id = 1 ${run(6)}; update sync_attempt set connection_id = 1 where run_id = 6;
        update connection_statistics set transient_failures = 4, open_exhausted = 1 where connection_id = 1;
        update connection_statistics set transient_failures = 1, open_exhausted = 0, consecutive_failures = 0 where connection_id = 2`,
      found: [{ ...firm, connectionId: "1", runId: "6" }],
    },
  ],
  "attempt-agrees-with-run": [
    {
      sql:
        copyOf("sync_attempt", 9, { id: "50", run_id: "99", state: "'SUPERSEDED'" }) +
        "; update connection_statistics set non_retryable_failures = 2 where connection_id = 3",
      found: [{ ...firm, runId: "99", attemptId: "50" }],
    },
    { sql: `update sync_attempt set operation = 'RESYNC' ${run(9)}`, found: [{ ...firm, runId: "8", attemptId: "9" }] },
    { sql: `update sync_attempt set appointment_id = 1 ${run(9)}`, found: [{ ...firm, runId: "8", attemptId: "9" }] },
    {
      sql: `update sync_attempt set correlation_id = '${correlationOf(77)}' ${run(9)}`,
      found: [{ ...firm, runId: "8", attemptId: "9" }],
    },
  ],
  "attempt-names-provider": [
    {
      sql: `update sync_attempt set provider = 'MICROSOFT' ${run(2)}`,
      found: [{ ...firm, connectionId: "1", attemptId: "2" }],
    },
  ],
  "open-failure-named-by-run": [
    {
      sql: `update sync_run set open_failure_id = null ${run(8)}`,
      found: [{ ...firm, runId: "8", attemptId: "9" }],
    },
    { sql: `update sync_run set open_failure_id = 98 ${run(5)}`, found: [{ ...firm, runId: "5", attemptId: "98" }] },
  ],
  "next-retry": [
    {
      sql: `update sync_attempt set next_retry_at = now(), max_retries_reached = false ${run(23)};
        update connection_statistics set open_exhausted = 0, open_retryable = 1 where connection_id = 9`,
      found: [{ ...firm, runId: "13", attemptId: "23" }],
    },
    {
      sql: `update sync_attempt set next_retry_at = now() ${run(9)}`,
      found: [{ ...firm, runId: "8", attemptId: "9" }],
    },
  ],
  "running-attempt": [
    {
      sql: `update sync_run set status = 'HELD', job_id = null ${run(4)}`,
      found: [{ ...firm, runId: "4", attemptId: "5" }],
      alsoBreaks: ["run-without-job"],
    },
    {
      sql: `update sync_attempt set status = 'FAIL', state = 'SUPERSEDED', finished_at = now(), error_class = 'TRANSIENT',
          error_code = 'X', error_summary = 'x' ${run(5)};
        update connection_statistics set transient_failures = 3 where connection_id = 1`,
      found: [{ ...firm, runId: "4", attemptId: "5" }],
      alsoBreaks: ["superseded-failure"],
    },
    {
      sql: `${copyOf("sync_attempt", 5, { id: "14" })}; update sync_run set last_attempt_id = 14, fence = 2 ${run(4)}`,
      found: [{ ...firm, runId: "4", attemptId: "5" }],
    },
  ],
  "successful-attempt": [
    {
      sql: `update sync_run set status = 'HELD', finished_at = null ${run(1)}`,
      found: [{ ...firm, runId: "1", attemptId: "2" }],
    },
    {
      sql: `update sync_run set status = 'SUCCEEDED' ${run(3)}; ${noEventOf("calendar_sync_run_cancelled", 3)};
        update sync_attempt set state = 'SUPERSEDED', resolved_by_id = null ${run(3)}`,
      found: [{ ...firm, runId: "3", attemptId: "3" }],
      alsoBreaks: ["superseded-failure"],
    },
  ],
  "superseded-failure": [
    {
      sql: `update sync_attempt set state = 'SUPERSEDED' ${run(9)}; update sync_run set open_failure_id = null ${run(8)};
        update connection_statistics set open_non_retryable = 0 where connection_id = 3`,
      found: [{ ...firm, runId: "8", attemptId: "9" }],
    },
  ],
  "resolved-failure": [
    {
      sql: `update sync_attempt set resolved_by_id = 97 ${run(1)}`,
      found: [{ ...firm, runId: "1", attemptId: "1", resolvedById: "97" }],
    },
    {
      sql: `update sync_attempt set resolved_by_id = 8 ${run(1)}`,
      found: [{ ...firm, runId: "1", attemptId: "1", resolvedById: "8" }],
    },
    {
      sql: `update sync_attempt set resolved_by_id = 2 ${run(3)}`,
      found: [{ ...firm, runId: "3", attemptId: "3", resolvedById: "2" }],
    },
    {
      sql: `update sync_run set status = 'HELD', finished_at = null ${run(3)}; ${noEventOf("calendar_sync_run_cancelled", 3)}`,
      found: [{ ...firm, runId: "3", attemptId: "3", resolvedById: "4" }],
    },
  ],
  "retry-counts": [
    {
      sql: `update sync_attempt set retry_count = 1 ${run(8)}; update sync_run set retry_count = 2 ${run(7)};
        ${copyOf("audit_event", 1, { id: "900", event_type: "'calendar_sync_retry'", severity: "'warning'", actor_id: "null", resource_type: "'sync_attempt'", resource_id: "8", correlation_id: `'${correlationOf(7)}'`, metadata: `'{"retry_count": 1, "error_class": "TRANSIENT", "max_retries_reached": false}'::jsonb` })}`,
      found: [{ ...firm, runId: "7", attemptId: "8" }],
    },
    {
      sql: `update sync_attempt set retry_count = 3 ${run(13)}; update audit_event set metadata = metadata || '{"retry_count": 3}'
        where event_type = 'calendar_sync_retry' and resource_id = 13`,
      found: [{ ...firm, runId: "10", attemptId: "13" }],
    },
  ],
  "exhausted-attempt": [
    {
      sql: `update sync_attempt set max_retries_reached = true, next_retry_at = null ${run(6)}`,
      found: [{ ...firm, runId: "6", attemptId: "6" }],
    },
  ],
  "job-of-run": [
    { sql: "delete from pgboss.job", found: [4, 7, 13].map((id) => jobViolation(id)) },
    { sql: "update pgboss.job set state = 'completed' where state = 'created'", found: [jobViolation(7)] },
    {
      sql: `update pgboss.job set data = '{"firmId": "1", "runId": "70"}' where state = 'created'`,
      found: [jobViolation(7)],
    },
  ],
  "run-without-job": [
    {
      sql: `update sync_run set job_id = null ${run(7)}`,
      found: [{ ...firm, connectionId: "2", runId: "7" }],
    },
  ],
  "runs-of-stopped-connection": [
    {
      sql: `update sync_run set connection_id = 7 ${run(5)}; update sync_run set job_id = '${jobOf(7)}' ${run(5)};
        update pgboss.job set data = '{"firmId": "1", "runId": "5"}' where state = 'created'; update sync_run set status = 'HELD', next_retry_at = null, job_id = null,
          has_retry_slot = false ${run(7)};
        update sync_attempt set next_retry_at = null ${run(8)}`,
      found: [{ ...firm, connectionId: "7", runId: "5" }],
    },
  ],
  "cancelled-appointment-is-audited": [
    {
      sql: noEvent("appointment_cancelled_by_sync"),
      found: [{ ...firm, connectionId: "1", appointmentId: "2" }],
      alsoBreaks: ["run-counts-cancelled-appointments"],
    },
    {
      sql: `update appointment set status = 'CANCELLED', status_reason = 'REMOVED_AT_PROVIDER' ${run(1)}`,
      found: [{ ...firm, connectionId: "1", appointmentId: "1" }],
    },
  ],
  "run-counts-cancelled-appointments": [
    { sql: `update sync_run set cancelled_count = 2 ${run(2)}`, found: [{ ...firm, runId: "2" }] },
  ],
  "run-counts-moved-appointments": [
    { sql: `update sync_run set updated_count = 0 ${run(2)}`, found: [{ ...firm, runId: "2" }] },
  ],
  "notes-of-full-rounds": [
    { sql: "update seen_appointment set run_id = 2", found: [{ ...firm, runId: "2" }] },
    { sql: `update sync_run set is_full_round = false ${run(4)}`, found: [{ ...firm, runId: "4" }] },
  ],
  "noted-is-counted": [{ sql: `update sync_run set seen_count = 0 ${run(4)}`, found: [{ ...firm, runId: "4" }] }],
  "unpushed-change-has-push": [
    {
      sql: `update appointment set unpushed_fields = '{title}' ${run(1)}`,
      found: [{ ...firm, connectionId: "1", appointmentId: "1" }],
    },
  ],
  "pushed-appointment-has-event": [
    {
      sql: `update appointment set pushed_at = now(), external_event_id = null ${run(1)}`,
      found: [{ ...firm, connectionId: "1", appointmentId: "1" }],
    },
  ],
  "one-open-push-failure": [
    {
      sql: pushed(6, 7),
      found: [{ ...firm, connectionId: "2", appointmentId: "1" }],
      alsoBreaks: ["local-change-is-audited"],
    },
  ],
  "local-change-is-audited": [{ sql: pushed(7), found: [{ ...firm, runId: "7" }] }],
  "cancelled-here-is-audited": [
    {
      sql: `update appointment set status = 'CANCELLED', status_reason = 'CANCELLED_HERE' ${run(1)}`,
      found: [{ ...firm, connectionId: "1", appointmentId: "1" }],
    },
  ],
  "recovery-is-audited": [
    { sql: `update sync_run set trigger = 'RECOVERY' ${run(7)}`, found: [{ ...firm, runId: "7" }] },
  ],
  "first-run-is-audited": [
    { sql: `update sync_run set trigger = 'CONNECT' ${run(1)}`, found: [{ ...firm, connectionId: "1", runId: "1" }] },
    {
      sql: copyOf("audit_event", 1, {
        ...{ id: "900", correlation_id: `'${correlationOf(88)}'` },
        event_type: "'calendar_connection_reconnected'",
      }),
      found: [{ ...firm, connectionId: "1" }],
    },
  ],
  "manual-run-is-audited": [
    {
      sql: noEvent("calendar_connection_resync_requested"),
      found: ["2", "5"].map((runId) => ({ ...firm, runId })),
      alsoBreaks: ["idempotency-key-of-request"],
    },
    { sql: `update sync_run set requested_by_id = 'bob' ${run(2)}`, found: [{ ...firm, runId: "2" }] },
  ],
  "requested-event-has-run": [
    {
      sql: copyOf("audit_event", 1, { id: "900", correlation_id: `'${correlationOf(88)}'` }),
      found: [{ ...firm, connectionId: "1", auditEventId: "900" }],
    },
  ],
  "retry-is-audited": [
    {
      sql: `delete from audit_event where event_type = 'calendar_sync_retry' and resource_id = 2`,
      found: [{ ...firm, runId: "1", attemptId: "2" }],
    },
    {
      sql: `insert into audit_event (firm_id, event_type, event_category, severity, resource_type, resource_id, correlation_id, metadata, created_at)
        select firm_id, event_type, event_category, severity, resource_type, resource_id, correlation_id, metadata, created_at
        from audit_event where event_type = 'calendar_sync_retry' and resource_id = 2`,
      found: [{ ...firm, runId: "1", attemptId: "2" }],
    },
    {
      sql: `update audit_event set resource_id = 96 where event_type = 'calendar_sync_retry' and resource_id = 2`,
      found: [
        { ...firm, runId: "1", attemptId: "2" },
        { ...firm, runId: "1", attemptId: "96" },
      ],
    },
  ],
  "retry-event-tells-outcome": [
    {
      sql: `update audit_event set severity = 'warning', id = 900 where event_type = 'calendar_sync_retry' and resource_id = 2`,
      found: [{ ...firm, attemptId: "2", auditEventId: "900" }],
    },
  ],
  "cancelled-run-is-audited": [
    { sql: noEventOf("calendar_sync_run_cancelled", 3), found: [{ ...firm, runId: "3" }] },
    {
      sql: `update audit_event set correlation_id = '${correlationOf(8)}' where event_type = 'calendar_sync_run_cancelled' and resource_id = 3`,
      found: ["3", "8"].map((runId) => ({ ...firm, runId })),
    },
  ],
  "abandoned-run-is-audited": [
    { sql: noEvent("calendar_sync_run_abandoned"), found: [{ ...firm, runId: "10" }] },
    {
      sql: `update audit_event set correlation_id = '${correlationOf(8)}' where event_type = 'calendar_sync_run_abandoned'`,
      found: ["10", "8"].map((runId) => ({ ...firm, runId })),
    },
  ],
  "mass-cancel-refusal-is-audited": [
    { sql: noEvent("calendar_sync_mass_cancel_refused"), found: [{ ...firm, runId: "9", attemptId: "10" }] },
    {
      sql: `update sync_attempt set error_code = 'OTHER' ${run(10)}; update sync_run set error_code = 'OTHER' ${run(9)}`,
      found: [{ ...firm, runId: "9" }],
    },
  ],
  "replay-of-failure": [
    {
      sql: `update sync_attempt set replay_of_id = 1 ${run(21)}`,
      found: [{ ...firm, runId: "11", attemptId: "21", replayOfId: "1" }],
    },
    {
      sql: `update sync_attempt set replay_of_id = 21 ${run(21)}`,
      found: [{ ...firm, runId: "11", attemptId: "21", replayOfId: "21" }],
    },
    { sql: `update sync_run set replay_of_id = 95 ${run(13)}`, found: [{ ...firm, runId: "13", replayOfId: "95" }] },
    {
      sql: `update sync_attempt set error_class = 'NON_RETRYABLE', max_retries_reached = false ${run(23)};
        update connection_statistics set open_exhausted = 0, transient_failures = 0, open_non_retryable = 1, non_retryable_failures = 1
        where connection_id = 9`,
      found: [{ ...firm, runId: "13", replayOfId: "23" }],
    },
  ],
  "replay-waits": [
    {
      sql: `update sync_run set status = 'FAILED', finished_at = ${earlier(20)}, job_id = null, waits_for_provider = false,
        error_class = 'TRANSIENT', error_code = 'HTTP_503', error_summary = 'unavailable' ${run(13)}`,
      found: [{ ...firm, runId: "13" }],
    },
  ],
  "replay-was-requested": [
    {
      sql: noEvent("calendar_sync_manual_replay_requested"),
      found: ["11", "13"].map((runId) => ({ ...firm, runId })),
    },
    {
      sql: `update audit_event set actor_id = null where event_type = 'calendar_sync_manual_replay_requested' and resource_id = 23`,
      found: [{ ...firm, runId: "13" }],
    },
    { sql: `update sync_run set replay_of_id = null ${run(13)}`, found: [{ ...firm, runId: "13" }] },
    {
      sql: `update sync_attempt set replay_of_id = 3 ${run(3)}`,
      found: [{ ...firm, runId: "3" }],
      alsoBreaks: ["replay-of-failure", "replay-is-audited"],
    },
  ],
  "replay-is-audited": [
    {
      sql: noEvent("calendar_sync_manual_replay_success"),
      found: [{ ...firm, runId: "11", attemptId: "21" }],
      alsoBreaks: ["retry-is-audited"],
    },
    {
      sql: `update audit_event set event_type = 'calendar_sync_manual_replay_failed' where event_type = 'calendar_sync_manual_replay_success'`,
      found: [{ ...firm, runId: "11", attemptId: "21" }],
    },
    {
      sql: `update audit_event set event_type = 'calendar_sync_manual_replay_failed' where event_type = 'calendar_sync_retry' and resource_id = 7`,
      found: [{ ...firm, runId: "6", attemptId: "7" }],
    },
  ],
  "cancelled-attempt": [
    {
      sql: `update sync_attempt set state = 'RESOLVED', resolved_by_id = 21 ${run(22)};
        update sync_attempt set finished_at = ${earlier(22)} ${run(21)};
        update connection_statistics set last_sync_at = ${earlier(22)}, last_successful_sync_at = ${earlier(22)} where connection_id = 8`,
      found: [{ ...firm, runId: "12", attemptId: "22" }],
    },
    {
      sql: `update sync_attempt set error_code = 'CANCELLED' ${run(3)}`,
      found: [{ ...firm, runId: "3", attemptId: "3" }],
    },
  ],
  "idempotency-key-of-request": [
    "user_id = 'bob'",
    "operation = 'resyncAppointment'",
    "created_at = created_at + interval '1 ms'",
    "run_id = 5, created_at = created_at - interval '1 ms'",
  ].map((change) => ({
    sql: `update idempotency_key set ${change}`,
    found: [{ ...firm, runId: change.startsWith("run_id") ? "5" : "2" }],
  })),
  "asked-cancellation": [
    { sql: `update sync_run set cancel_requested_by_id = 'bob' ${run(12)}`, found: [{ ...firm, runId: "12" }] },
    { sql: `update sync_run set cancel_requested_by_id = 'ann' ${run(7)}`, found: [{ ...firm, runId: "7" }] },
  ],
  "circuit-is-audited": [
    { sql: noEventOf("calendar_connection_circuit_opened", 5), found: [{ ...firm, connectionId: "5" }] },
    {
      sql: `update calendar_connection set circuit_opened_at = now() ${run(5)}`,
      found: [{ ...firm, connectionId: "5" }],
    },
    {
      sql: `update calendar_connection set circuit_opened_at = null ${run(5)}`,
      found: [{ ...firm, connectionId: "5" }],
    },
    { sql: noEvent("calendar_connection_circuit_closed"), found: [{ ...firm, connectionId: "8" }] },
  ],
  "circuit-counts-failed-runs": [
    { sql: `update calendar_connection set circuit_failures = 2 ${run(5)}`, found: [{ ...firm, connectionId: "5" }] },
  ],
  "reserved-retry": [
    { sql: `update sync_run set has_retry_slot = true ${run(1)}`, found: [{ ...firm, runId: "1" }] },
    { sql: `update sync_run set has_retry_slot = true ${run(5)}`, found: [{ ...firm, runId: "5" }] },
  ],
  "waiting-for-provider": [
    { sql: `update sync_run set waits_for_provider = true ${run(8)}`, found: [{ ...firm, runId: "8" }] },
  ],
  "provider-traffic": [
    { sql: "delete from across_firms.provider_traffic where provider = 'GOOGLE'", found: [{ provider: "GOOGLE" }] },
  ],
};

function jobViolation(runId: number): Record<string, string> {
  return { ...firm, runId: String(runId), jobId: jobOf(runId) };
}
