import type { CalendarConnectionStatus } from "../connections/calendar-connection.enums.js";
import type { RowOf } from "../graphql/rows.js";
import type { SyncAttempt } from "./sync-attempt.entity.js";
import type { SyncRun } from "./sync-run.entity.js";

/** Why an attempt can never be replayed. */
export type NotReplayableReason = "SUCCEEDED" | "NON_RETRYABLE" | "RESOLVED";

/** The reason that a failure in this state is not replayed; null while there is none, or only one that passes. */
export function notReplayableReason(
  attempt: Pick<RowOf<SyncAttempt>, "status" | "state" | "errorClass">,
  run: Pick<RowOf<SyncRun>, "openFailureId">,
): NotReplayableReason | null {
  if (attempt.status === "RUNNING") return null;
  if (attempt.status === "SUCCESS") return "SUCCEEDED";
  if (attempt.errorClass === "NON_RETRYABLE") return "NON_RETRYABLE";
  // A superseded attempt stands for its run as long as the run has an open failure.
  return attempt.state === "RESOLVED" || run.openFailureId === null ? "RESOLVED" : null;
}

/** Whether a replay would start now: the run waits for a retry or has failed, and its connection is active. */
export function isReplayable(
  attempt: RowOf<SyncAttempt>,
  run: Pick<RowOf<SyncRun>, "openFailureId" | "status">,
  connection: CalendarConnectionStatus,
): boolean {
  const waits = run.status === "RETRYING" || run.status === "FAILED";
  return waits && connection === "ACTIVE" && attempt.status === "FAIL" && notReplayableReason(attempt, run) === null;
}
