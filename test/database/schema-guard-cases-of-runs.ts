import { exampleIds } from "../support/rows.js";
import { negative, refusedBy, twice, type GuardCase } from "./schema-guard-case.js";

const { appointment } = exampleIds("1");
const uuid = "22222222-2222-4222-8222-222222222222";
const [nine, ten] = ["2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z"];

const running = { status: "RUNNING", last_attempt_id: 1, started_at: nine, job_id: uuid };
const retrying = { status: "RETRYING", next_retry_at: ten, open_failure_id: 1 };
const failed = { status: "FAILED", finished_at: ten, open_failure_id: 1 };
const resync = { operation: "RESYNC" };
const single = { operation: "UPSERT", appointment_id: appointment };
const push = { ...single, direction: "PUSH" };

const failure = { error_class: "TRANSIENT", error_code: "TIMEOUT", error_summary: "Timeout" };
const failedAttempt = { status: "FAIL", state: "OPEN", started_at: nine, finished_at: ten, ...failure };
const noFailure = { error_class: null, error_code: null, error_summary: null };

/** Runs and attempts. */
export const runGuardCases: GuardCase[] = [
  ...refusedBy("sync_run", "23514", {
    sync_run_id_check: [["a negative id", { id: -1 }]],
    sync_run_operation_check: [["an unknown operation", { operation: "list_changes", appointment_id: appointment }]],
    sync_run_direction_check: [["an unknown direction", { ...single, direction: "BOTH" }]],
    sync_run_trigger_check: [["an unknown trigger", { trigger: "WHIM" }]],
    sync_run_status_check: [["an unknown status", { status: "PENDING" }]],
    sync_run_bounds: [
      ["bounds without an end", { ...resync, start_date: nine }],
      ["bounds without a start", { ...resync, end_date: nine }],
      ["bounds of no length", { ...resync, start_date: nine, end_date: nine }],
      ["bounds backwards", { ...resync, start_date: ten, end_date: nine }],
    ],
    sync_run_round: [
      ["a round without an end", { round_start: nine }],
      ["a round of no length", { round_start: nine, round_end: nine }],
    ],
    sync_run_reason_check: [["a reason without end", { reason: "x".repeat(501) }]],
    sync_run_cancel_reason_check: [["a cancellation's reason without end", { cancel_reason: "x".repeat(501) }]],
    sync_run_appointment_of_operation: [
      ["a pull of changes of one appointment", { appointment_id: appointment }],
      ["a resync of one appointment as if of all", { ...resync, appointment_id: appointment }],
      ["a single one without its appointment", { operation: "UPSERT" }],
      ["a removal without its appointment", { operation: "DELETE", direction: "PUSH" }],
    ],
    sync_run_push_is_of_appointment: [
      ["a push of all changes", { direction: "PUSH" }],
      ["a resync outwards", { ...resync, direction: "PUSH" }],
    ],
    sync_run_manual_has_requester: [["a manager's wish without the manager", { trigger: "MANUAL" }]],
    sync_run_finished_has_time: [
      ["ended without a time", { status: "SUCCEEDED" }],
      ["cancelled without a time", { status: "CANCELLED" }],
      ["failed without a time", { ...failed, finished_at: null }],
      ["waiting and ended", { finished_at: ten }],
      ["running and ended", { ...running, finished_at: ten }],
      ["held and ended", { status: "HELD", finished_at: ten }],
      ["waiting for its retry and ended", { ...retrying, finished_at: ten }],
    ],
    sync_run_retrying_has_time: [
      ["waiting for a retry that never comes", { ...retrying, next_retry_at: null }],
      ["in the queue with a retry ahead", { next_retry_at: ten }],
      ["failed with a retry ahead", { ...failed, next_retry_at: ten }],
    ],
    sync_run_running_has_attempt: [
      ["running without an attempt", { ...running, last_attempt_id: null }],
      ["running since never", { ...running, started_at: null }],
      ["running without a job", { ...running, job_id: null }],
    ],
    sync_run_failure_is_open: [
      ["failed without a failure", { ...failed, open_failure_id: null }],
      ["waiting for a retry of no failure", { ...retrying, open_failure_id: null }],
    ],
    sync_run_success_has_no_failure: [
      ["succeeded with an open failure", { status: "SUCCEEDED", finished_at: ten, open_failure_id: 1 }],
    ],
    sync_run_error_class_check: [["an unknown error class", { error_class: "FATAL" }]],
    sync_run_lost_workers_check: [
      ["a fourth lost worker", { lost_workers: 4 }],
      ["fewer lost workers than none", { lost_workers: -1 }],
    ],
    sync_run_fence_check: negative("fence"),
    sync_run_retry_count_check: negative("retry_count"),
    sync_run_seen_count_check: negative("seen_count"),
    sync_run_pages_done_check: negative("pages_done"),
    sync_run_created_count_check: negative("created_count"),
    sync_run_updated_count_check: negative("updated_count"),
    sync_run_cancelled_count_check: negative("cancelled_count"),
    sync_run_unchanged_count_check: negative("unchanged_count"),
    sync_run_skipped_count_check: negative("skipped_count"),
    sync_run_skipped_events_are_few: [
      ["more skipped events than are told", { skipped_events: JSON.stringify(Array.from({ length: 21 }, () => ({}))) }],
      ["skipped events that are no list", { skipped_events: "{}" }],
    ],
  }),
  ...refusedBy("sync_run", "23503", {
    sync_run_firm_id_connection_id_fkey: [["a run of no calendar", { connection_id: 1 }]],
    sync_run_firm_id_appointment_id_fkey: [["a run of no appointment", { ...single, appointment_id: 1 }]],
  }),
  ...twice("sync_run", {
    sync_run_pkey: ["an id twice", {}, { status: "HELD" }],
    sync_run_firm_id_correlation_id_key: [
      "a correlation id twice",
      { correlation_id: uuid },
      { id: 1, status: "HELD", correlation_id: uuid },
    ],
    sync_run_one_running_pull: ["a second running pull", running, { ...running, ...resync, id: 1 }],
    sync_run_one_queued_pull: ["a second queued pull", {}, { ...resync, id: 1 }],
    sync_run_one_active_resync: [
      "a held resync beside a retrying one",
      { ...resync, ...retrying },
      { ...resync, id: 1, status: "HELD" },
    ],
    sync_run_one_running_per_appointment: [
      "a second running push",
      { ...push, ...running },
      { ...push, ...running, id: 1 },
    ],
    sync_run_one_queued_per_appointment: ["a second queued resync of one", single, { ...single, id: 1 }],
  }),

  ...refusedBy("idempotency_key", "23514", {
    idempotency_key_operation_check: [["a key of an unknown operation", { operation: "syncStatus" }]],
    idempotency_key_key_check: [
      ["an empty key", { key: "" }],
      ["a key without end", { key: "x".repeat(256) }],
    ],
    idempotency_key_arguments_hash_check: [["another hash", { arguments_hash: Buffer.alloc(31) }]],
  }),
  ...refusedBy("idempotency_key", "23503", {
    idempotency_key_firm_id_run_id_fkey: [["a key of no run", { run_id: 1 }]],
  }),
  ...twice("idempotency_key", { idempotency_key_pkey: ["a key twice", {}, {}] }),

  ...refusedBy("sync_attempt", "23514", {
    sync_attempt_id_check: [["no id", { id: 0 }]],
    sync_attempt_provider_check: [["an unknown provider", { provider: "APPLE" }]],
    sync_attempt_operation_check: [["an unknown operation", { operation: "PATCH" }]],
    sync_attempt_direction_check: [["an unknown direction", { direction: "BOTH" }]],
    sync_attempt_status_check: [["an unknown status", { ...failedAttempt, ...noFailure, status: "LOST" }]],
    sync_attempt_state_check: [["an unknown state", { ...failedAttempt, state: "CLOSED" }]],
    sync_attempt_state_of_status: [
      ["running and open", { state: "OPEN" }],
      ["failed and still running", { ...failedAttempt, state: "RUNNING" }],
      ["failed and succeeded", { ...failedAttempt, state: "SUCCEEDED" }],
      ["a success that is open", { status: "SUCCESS", state: "OPEN", started_at: nine, finished_at: ten }],
    ],
    sync_attempt_finished_has_time: [
      ["running and ended", { started_at: nine, finished_at: ten }],
      ["ended without a time", { ...failedAttempt, finished_at: null }],
    ],
    sync_attempt_finishes_after_start: [
      ["ended before it began", { ...failedAttempt, started_at: ten, finished_at: nine }],
    ],
    sync_attempt_failure_has_error: [
      ["a failure without its class", { ...failedAttempt, error_class: null }],
      ["a failure without its code", { ...failedAttempt, error_code: null }],
      ["a failure without its summary", { ...failedAttempt, error_summary: null }],
      ["an error while it runs", failure],
    ],
    sync_attempt_resolved_by_another: [
      ["resolved by nothing", { ...failedAttempt, state: "RESOLVED" }],
      ["open and resolved", { ...failedAttempt, resolved_by_id: 1 }],
    ],
    sync_attempt_exhausted_is_not_retried: [
      ["exhausted with a retry ahead", { ...failedAttempt, max_retries_reached: true, next_retry_at: ten }],
      [
        "exhausted without a retry to use up",
        { ...failedAttempt, max_retries_reached: true, error_class: "NON_RETRYABLE" },
      ],
      ["exhausted while it runs", { max_retries_reached: true }],
    ],
    sync_attempt_only_failure_is_retried: [["a retry of what still runs", { next_retry_at: ten }]],
    sync_attempt_error_class_check: [["an unknown error class", { ...failedAttempt, error_class: "FATAL" }]],
    sync_attempt_request_count_check: negative("request_count"),
    sync_attempt_retry_count_check: negative("retry_count"),
  }),
  ...twice("sync_attempt", { sync_attempt_pkey: ["an id twice", {}, {}] }),
];
