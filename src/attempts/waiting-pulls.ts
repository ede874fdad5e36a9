import { LockMode } from "@mikro-orm/core";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError } from "../errors.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { SyncRun } from "./sync-run.entity.js";

const unfinished = ["QUEUED", "RUNNING", "RETRYING", "HELD"] as const;

/** The resync of the connection that is queued, running, retrying or held; null where there is none. */
export function activeResync(unit: UnitOfWork, connectionId: string): Promise<SyncRun | null> {
  return unit.em.findOne(
    SyncRun,
    { firmId: unit.firmId, connectionId, operation: "RESYNC", status: { $in: unfinished } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/** The resync of one appointment that is queued, running, retrying or held; null where there is none. */
export function activeAppointmentResync(unit: UnitOfWork, appointmentId: string): Promise<SyncRun | null> {
  return unit.em.findOne(
    SyncRun,
    { firmId: unit.firmId, appointmentId, direction: "PULL", status: { $in: unfinished } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/**
 * Of the connection, or of the appointment of a run that is about one alone.
 * @throws AppError CONFLICT with reason RESYNC_ACTIVE and the resync's correlation id
 */
export async function assertNoOtherResync(unit: UnitOfWork, run: SyncRun): Promise<void> {
  const { appointmentId, connectionId } = run;
  const active =
    appointmentId === null
      ? await activeResync(unit, connectionId)
      : await activeAppointmentResync(unit, appointmentId);
  if (active && active.id !== run.id) throw resyncActive(active);
}

export function resyncActive(active: SyncRun): AppError {
  const what = active.appointmentId === null ? "connection" : "appointment";
  return new AppError("CONFLICT", `A resync of this ${what} is already active`, {
    reason: "RESYNC_ACTIVE",
    correlationId: active.correlationId,
  });
}

/**
 * Cancels the connection's other incremental pulls that wait, naming the run that takes their place: the guard lets one pull
 * wait at a time. `runId` is null for a run that is still to be made. Returns whether another pull runs, behind which it waits.
 */
export async function replaceWaitingPulls(
  unit: UnitOfWork,
  instead: { runId: string | null; connectionId: string; correlationId: string },
): Promise<boolean> {
  const statistics = new StatisticsChange();
  const others = (await unfinishedPulls(unit, instead.connectionId)).filter(({ id }) => id !== instead.runId);
  for (const pull of others) {
    if (pull.status === "RUNNING" || pull.operation !== "LIST_CHANGES") continue;
    await closeOpenFailure(unit, statistics, pull, null);
    await cancelRun(unit, pull, { metadata: { replaced_by_correlation_id: instead.correlationId } });
  }
  await unit.em.flush();
  await statistics.apply(unit, instead.connectionId);
  return others.some(({ status }) => status === "RUNNING");
}

function unfinishedPulls(unit: UnitOfWork, connectionId: string): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    { firmId: unit.firmId, connectionId, direction: "PULL", appointmentId: null, status: { $in: unfinished } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}
