import { LockMode } from "@mikro-orm/core";
import { sql } from "kysely";
import { forgetSeen } from "../appointments/sweep.js";
import { insideRange } from "../appointments/time-range.js";
import { record } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { closeOpenFailure, type Closing } from "./closing.js";
import { isOnlyRun } from "./only-run.js";
import { SyncRun } from "./sync-run.entity.js";

/**
 * When a pull ends, every other pull of the connection that it covers and that waits, is held or has failed is closed with it: its run is
 * cancelled, its last failure resolved when the covering pull succeeded, superseded when it failed. So a dead connection has
 * one open failure, not one for every interval. What a manager has queued meanwhile, as a resync or a replay, is not covered, nor
 * when it was held before it began: it runs, because it was asked for. Nor is what a provider's notification has queued meanwhile, since
 * this pull may have been past the change already.
 */
export async function coverPulls(closing: Closing): Promise<void> {
  const { unit, run, attempt, statistics } = closing;
  if (run.direction !== "PULL" || (await isOnlyRun(unit, run))) return;
  for (const covered of await coveredRuns(closing)) {
    await closeOpenFailure(unit, statistics, covered, attempt.status === "SUCCESS" ? attempt : null);
    await cancelRun(unit, covered, {
      metadata: { covered_by_run_id: run.id, covered_by_correlation_id: run.correlationId },
    });
  }
}

/** Ends a run that no worker has in hand, and audits it; without an actor it was the server's own doing. */
export async function cancelRun(
  unit: UnitOfWork,
  run: SyncRun,
  { actorId, metadata }: { actorId?: string; metadata: Record<string, unknown> },
): Promise<void> {
  const status = run.status;
  run.cancel(unit.now);
  if (run.isFullRound) await forgetSeen(unit, run.id);
  record(unit, {
    eventType: "calendar_sync_run_cancelled",
    ...(actorId === undefined ? {} : { actorId }),
    resource: { type: "sync_run", id: run.id },
    correlationId: run.correlationId,
    metadata: {
      ...metadata,
      connection_id: run.connectionId,
      operation: run.operation,
      status_before: status.toLowerCase(),
      created: run.createdCount,
      updated: run.updatedCount,
      cancelled: run.cancelledCount,
    },
  });
}

/** A full round covers all pulls, an incremental one the incremental ones, a bounded one those within its bounds, a single one its appointment's. */
async function coveredRuns({ unit, run }: Closing): Promise<SyncRun[]> {
  const candidates = await unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId: run.connectionId,
      id: { $ne: run.id },
      direction: "PULL",
      $or: [
        { status: "RETRYING" },
        { status: "HELD", replayOfId: null, $or: [{ trigger: { $ne: "MANUAL" } }, { lastAttemptId: { $ne: null } }] },
        { status: "QUEUED", replayOfId: null, trigger: { $nin: ["MANUAL", "NOTIFICATION"] } },
        { status: "FAILED", openFailureId: { $ne: null } },
      ],
    },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  const within = await appointmentsWithin(unit, run, candidates);
  return candidates.filter((other) => covers(run, other, within));
}

function covers(run: SyncRun, other: SyncRun, within: ReadonlySet<string>): boolean {
  if (run.appointmentId !== null) return other.appointmentId === run.appointmentId;
  if (run.isBounded()) return other.appointmentId === null ? isWithin(other, run) : within.has(other.appointmentId);
  if (run.isFullRound || run.operation === "RESYNC") return true;
  return other.operation === "LIST_CHANGES";
}

function isWithin(other: SyncRun, run: SyncRun): boolean {
  if (!other.startDate || !other.endDate || !run.startDate || !run.endDate) return false;
  return other.startDate >= run.startDate && other.endDate <= run.endDate;
}

/** Those of the runs' appointments that lie within the bounds of a run that has some. */
async function appointmentsWithin(
  unit: UnitOfWork,
  { startDate, endDate }: SyncRun,
  others: readonly SyncRun[],
): Promise<Set<string>> {
  const ids = others.flatMap(({ appointmentId }) => (appointmentId === null ? [] : [appointmentId]));
  if (!startDate || !endDate || ids.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    select id from appointment
    where firm_id = ${unit.firmId} and id = any(${ids}::bigint[]) and ${insideRange("appointment", { start: startDate, end: endDate })}
  `.execute(unit.em.getKysely());
  return new Set(rows.map(({ id }) => id));
}
