import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";

/** What an attempt counts as while it is an open failure. */
export interface OpenFailure {
  errorClass: "TRANSIENT" | "RATE_LIMITED" | "NON_RETRYABLE";
  maxRetriesReached: boolean;
}

/**
 * Collects what a transaction does to a connection's counters, to be applied as one statement, last: the counter row is the most
 * contended row of a connection, and should be locked as shortly as possible.
 */
export class StatisticsChange {
  private successes = 0;
  private failures = { TRANSIENT: 0, RATE_LIMITED: 0, NON_RETRYABLE: 0 };
  private openRetryable = 0;
  private openExhausted = 0;
  private openNonRetryable = 0;
  private failedRuns = 0;
  private pulled = false;
  private hasChanged = false;

  attemptSucceeded(): void {
    this.successes += 1;
    this.hasChanged = true;
  }

  attemptFailed(failure: OpenFailure): void {
    this.failures[failure.errorClass] += 1;
    this.countOpen(failure, 1);
  }

  /** An open failure was resolved or superseded. */
  failureClosed(failure: OpenFailure): void {
    this.countOpen(failure, -1);
  }

  runFailed(): void {
    this.failedRuns += 1;
    this.hasChanged = true;
  }

  /** A full or incremental pull has succeeded. */
  connectionPulled(): void {
    this.pulled = true;
    this.hasChanged = true;
  }

  /** Times never go back: transactions may end in another order than they began, which is the time they have. */
  async apply(unit: UnitOfWork, connectionId: string): Promise<void> {
    if (!this.hasChanged) return;
    const succeeded = this.successes > 0;
    await prepared(
      unit.em,
      sql`
      update connection_statistics set
        successes = successes + ${this.successes},
        transient_failures = transient_failures + ${this.failures.TRANSIENT},
        rate_limited_failures = rate_limited_failures + ${this.failures.RATE_LIMITED},
        non_retryable_failures = non_retryable_failures + ${this.failures.NON_RETRYABLE},
        open_retryable = open_retryable + ${this.openRetryable},
        open_exhausted = open_exhausted + ${this.openExhausted},
        open_non_retryable = open_non_retryable + ${this.openNonRetryable},
        consecutive_failures = case when ${succeeded} then 0 else consecutive_failures + ${this.failedRuns} end,
        last_sync_at = greatest(last_sync_at, case when ${this.pulled} then ${unit.now}::timestamptz end),
        last_successful_sync_at = greatest(last_successful_sync_at, case when ${succeeded} then ${unit.now}::timestamptz end)
      where firm_id = ${unit.firmId} and connection_id = ${connectionId}
    `,
    );
  }

  private countOpen(failure: OpenFailure, by: 1 | -1): void {
    this.hasChanged = true;
    if (failure.errorClass === "NON_RETRYABLE") this.openNonRetryable += by;
    else if (failure.maxRetriesReached) this.openExhausted += by;
    else this.openRetryable += by;
  }
}
