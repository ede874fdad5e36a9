import { sql } from "kysely";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { StatisticsChange } from "../connections/statistics-change.js";
import { prepared } from "../database/prepared-statements.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { record, type Severity } from "../audit/record.js";
import { openFailureOf } from "./open-failure.js";
import type { SyncAttempt, AttemptFailure } from "./sync-attempt.entity.js";
import type { SyncRun } from "./sync-run.entity.js";

/** What the transaction that closes an attempt works on: connection and run are locked. */
export interface Closing {
  unit: UnitOfWork;
  connection: CalendarConnection;
  run: SyncRun;
  attempt: SyncAttempt;
  statistics: StatisticsChange;
}

/** Closes the attempt as failed; it becomes the run's open failure in place of the one before. Counts it. */
export async function openFailure(
  closing: Closing,
  failure: AttemptFailure,
  outcome: {
    requestCount: number;
    maxRetriesReached: boolean;
    nextRetryAt: Date | null;
    providerRetryAt?: Date | null;
  },
): Promise<void> {
  const { unit, run, attempt, statistics } = closing;
  await closeOpenFailure(unit, statistics, run, null);
  attempt.fail(failure, unit.now, outcome.requestCount);
  attempt.maxRetriesReached = outcome.maxRetriesReached;
  attempt.nextRetryAt = outcome.nextRetryAt;
  attempt.providerRetryAt = outcome.providerRetryAt ?? null;
  run.openFailureId = attempt.id;
  statistics.attemptFailed({ errorClass: failure.errorClass, maxRetriesReached: outcome.maxRetriesReached });
}

/** The run's open failure, if there is one, is resolved by a successful attempt, or superseded where there is none. */
export async function closeOpenFailure(
  unit: UnitOfWork,
  statistics: StatisticsChange,
  run: SyncRun,
  resolvedBy: SyncAttempt | null,
): Promise<void> {
  const failed = await openFailureOf(unit, run);
  if (!failed) return;
  if (resolvedBy) failed.resolve(resolvedBy);
  else failed.supersede();
  run.openFailureId = null;
  if (failed.errorClass === null) throw new Error(`Attempt ${failed.id} is an open failure without a class`);
  statistics.failureClosed({ errorClass: failed.errorClass, maxRetriesReached: failed.maxRetriesReached });
}

/** Audits a retry with its outcome: one that a manager asked for as a replay. A run's first attempt is neither. */
export async function recordRetry(closing: Closing): Promise<void> {
  const { unit, run, attempt } = closing;
  if (attempt.replayOfId !== null) {
    recordReplay(closing);
    return;
  }
  if (attempt.retryCount === 0) return;
  record(unit, {
    eventType: "calendar_sync_retry",
    severity: retrySeverity(attempt),
    resource: { type: "sync_attempt", id: attempt.id },
    correlationId: run.correlationId,
    metadata: {
      original_attempt_id: await firstAttemptOf(unit, run),
      retry_count: attempt.retryCount,
      error_class: attempt.errorClass,
      next_retry_at: attempt.nextRetryAt?.toISOString() ?? null,
      max_retries_reached: attempt.maxRetriesReached,
    },
  });
}

async function firstAttemptOf({ em, firmId }: UnitOfWork, { id }: SyncRun): Promise<string | null> {
  const first = sql<{ id: string }>`
    select id from sync_attempt where firm_id = ${firmId} and run_id = ${id} order by id limit 1
  `;
  const { rows } = await prepared(em, first);
  return rows[0]?.id ?? null;
}

function recordReplay({ unit, run, attempt }: Closing): void {
  const hasSucceeded = attempt.status === "SUCCESS";
  record(unit, {
    eventType: hasSucceeded ? "calendar_sync_manual_replay_success" : "calendar_sync_manual_replay_failed",
    severity: retrySeverity(attempt),
    resource: { type: "sync_attempt", id: attempt.id },
    correlationId: run.correlationId,
    metadata: {
      original_attempt_id: attempt.replayOfId,
      result: hasSucceeded ? "success" : "fail",
      error_class: attempt.errorClass,
      retry_count: attempt.retryCount,
      next_retry_at: attempt.nextRetryAt?.toISOString() ?? null,
      max_retries_reached: attempt.maxRetriesReached,
    },
  });
}

function retrySeverity(attempt: SyncAttempt): Severity {
  if (attempt.status === "SUCCESS") return "info";
  return attempt.maxRetriesReached ? "error" : "warning";
}
