import { Field, ID, Int, ObjectType } from "type-graphql";
import { DateTime } from "../date-time.js";
import type { RowOf } from "../graphql/rows.js";
import type { SyncRun } from "./sync-run.entity.js";
import { SyncErrorClass, SyncResultStatus } from "./sync.enums.js";

@ObjectType({ description: "How a run stands when the wait is over. A provider's failure is a result, not an error." })
export class SyncResult {
  @Field(() => SyncResultStatus)
  status!: SyncResultStatus;

  @Field(() => ID)
  correlationId!: string;

  @Field(() => Int, {
    nullable: true,
    description: "Appointments created, updated, cancelled and unchanged by the run; null while it runs.",
  })
  syncedCount!: number | null;

  @Field(() => SyncErrorClass, { nullable: true })
  errorClass!: SyncErrorClass | null;

  @Field(() => String, { nullable: true })
  errorCode!: string | null;

  @Field(() => String, { nullable: true })
  errorSummary!: string | null;

  @Field(() => DateTime, { nullable: true })
  nextRetryAt!: string | null;
}

/** What the result of a run is read from. */
export type ResultSource = Pick<
  RowOf<SyncRun>,
  | "status"
  | "correlationId"
  | "createdCount"
  | "updatedCount"
  | "cancelledCount"
  | "unchangedCount"
  | "errorClass"
  | "errorCode"
  | "errorSummary"
  | "nextRetryAt"
>;

/** A run that waits for a later retry has failed for whoever waited; it goes on all the same. */
export function resultOf(run: ResultSource): RowOf<SyncResult> {
  const status = resultStatus(run);
  const { correlationId } = run;
  if (status === "RUNNING") return { status, correlationId, syncedCount: null, ...noFailure };
  const syncedCount = run.createdCount + run.updatedCount + run.cancelledCount + run.unchangedCount;
  return { status, correlationId, syncedCount, ...(status === "FAIL" ? failureOf(run) : noFailure) };
}

const noFailure = { errorClass: null, errorCode: null, errorSummary: null, nextRetryAt: null };

function resultStatus({ status, errorCode }: ResultSource): SyncResultStatus {
  switch (status) {
    case "SUCCEEDED":
      return "SUCCESS";
    case "QUEUED":
    case "RUNNING":
      return "RUNNING";
    case "RETRYING":
      // Given back by a server that stops: another one goes on with it at once.
      return errorCode === "WORKER_STOPPED" ? "RUNNING" : "FAIL";
    case "HELD":
    case "FAILED":
    case "CANCELLED":
      return "FAIL";
  }
}

function failureOf(run: ResultSource): Omit<RowOf<SyncResult>, "status" | "correlationId" | "syncedCount"> {
  if (run.status === "CANCELLED") {
    return { errorClass: "NON_RETRYABLE", errorCode: "CANCELLED", errorSummary: "Cancelled", nextRetryAt: null };
  }
  const { errorClass, errorCode, errorSummary, nextRetryAt } = run;
  return { errorClass, errorCode, errorSummary: errorSummary ?? "Held until its connection is mended", nextRetryAt };
}
