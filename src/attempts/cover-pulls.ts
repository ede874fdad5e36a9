import { LockMode } from "@mikro-orm/core";
import { forgetSeen } from "../appointments/sweep.js";
import { record } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { closeOpenFailure, type Closing } from "./closing.js";
import { SyncRun } from "./sync-run.entity.js";
import type { SyncOperation } from "./sync.enums.js";

/**
 * When a pull ends, every other pull of the connection that it covers and that waits, is held or has failed is closed with it: its run is
 * cancelled, its last failure resolved when the covering pull succeeded, superseded when it failed. So a dead connection has
 * one open failure, not one for every interval. A full round covers all pulls, an incremental one the incremental ones. A
 * resync that a manager has queued meanwhile is not covered: it runs, because it was asked for.
 */
export async function coverPulls(closing: Closing): Promise<void> {
  const { unit, run, attempt, statistics } = closing;
  if (!run.isConnectionPull()) return;
  for (const covered of await coveredRuns(closing)) {
    await closeOpenFailure(unit, statistics, covered, attempt.status === "SUCCESS" ? attempt : null);
    await cancelRun(unit, covered, { covered_by_run_id: run.id, covered_by_correlation_id: run.correlationId });
  }
}

/** Cancels a run without an actor and audits it. */
export async function cancelRun(unit: UnitOfWork, run: SyncRun, metadata: Record<string, unknown>): Promise<void> {
  const status = run.status;
  run.cancel(unit.now);
  await forgetSeen(unit, run.id);
  record(unit, {
    eventType: "calendar_sync_run_cancelled",
    resource: { type: "sync_run", id: run.id },
    correlationId: run.correlationId,
    metadata: {
      ...metadata,
      connection_id: run.connectionId,
      operation: run.operation,
      status_before: status.toLowerCase(),
    },
  });
}

function coveredRuns({ unit, run }: Closing): Promise<SyncRun[]> {
  const operations: SyncOperation[] = isFull(run) ? ["LIST_CHANGES", "RESYNC", "UPSERT"] : ["LIST_CHANGES"];
  return unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId: run.connectionId,
      id: { $ne: run.id },
      direction: "PULL",
      operation: { $in: operations },
      $or: [
        { status: { $in: ["RETRYING", "HELD"] } },
        { status: "QUEUED", trigger: { $ne: "MANUAL" } },
        { status: "FAILED", openFailureId: { $ne: null } },
      ],
    },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

function isFull(run: SyncRun): boolean {
  return run.isFullRound || (run.operation === "RESYNC" && run.startDate === null);
}
