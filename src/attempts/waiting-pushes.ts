import { LockMode } from "@mikro-orm/core";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError } from "../errors.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { SyncRun } from "./sync-run.entity.js";

/** The appointment's pushes that are queued, running, retrying or held, locked, oldest first. */
export function unfinishedPushes(unit: UnitOfWork, appointmentId: string): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      appointmentId,
      direction: "PUSH",
      status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD"] },
    },
    { orderBy: { id: "asc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/**
 * A push is not replayed beside another one of its appointment: that one brings everything.
 * @throws AppError CONFLICT with reason PUSH_ACTIVE and the other push's correlation id
 */
export async function assertNoOtherPush(unit: UnitOfWork, run: SyncRun): Promise<void> {
  const active = (await unfinishedPushes(unit, String(run.appointmentId))).findLast(({ id }) => id !== run.id);
  if (!active) return;
  throw new AppError("CONFLICT", "A push of this appointment is already active", {
    reason: "PUSH_ACTIVE",
    correlationId: active.correlationId,
  });
}

/** Cancels pushes that no worker has in hand, naming the one that takes their place. */
export async function replacePushes(
  unit: UnitOfWork,
  pushes: readonly SyncRun[],
  instead: { connectionId: string; correlationId: string },
): Promise<void> {
  const statistics = new StatisticsChange();
  for (const push of pushes) {
    await closeOpenFailure(unit, statistics, push, null);
    await cancelRun(unit, push, { metadata: { replaced_by_correlation_id: instead.correlationId } });
  }
  await unit.em.flush();
  if (pushes.length > 0) await statistics.apply(unit, instead.connectionId);
}

/**
 * Before a held push goes on: one that has been overtaken by a newer push is cancelled, because that one brings everything. `waits` where
 * another one runs.
 */
export async function makeWayForPushes(unit: UnitOfWork, run: SyncRun): Promise<"goes" | "waits" | "overtaken"> {
  const others = (await unfinishedPushes(unit, String(run.appointmentId))).filter(({ id }) => id !== run.id);
  const newest = others.at(-1);
  if (newest && BigInt(newest.id) > BigInt(run.id)) {
    await replacePushes(unit, [run], newest);
    return "overtaken";
  }
  return others.some(({ status }) => status === "RUNNING") ? "waits" : "goes";
}
