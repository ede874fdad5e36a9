import { StatisticsChange } from "../connections/statistics-change.js";
import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { notFound } from "../errors.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { lockRunAndConnection } from "./lock.js";
import { sendWaiting } from "./send-waiting.js";
import { isFinishedStatus, type SyncRun } from "./sync-run.entity.js";

/**
 * Ends a run: at once when no worker has it, else at its next page, which is waited for at most `waitSeconds`. The cursor stays; what
 * was applied stays and is counted. On a run that has succeeded or is cancelled already it changes and audits nothing.
 * @throws AppError NOT_FOUND
 */
export async function cancelSyncRun(
  { actor, em, runs }: Context,
  request: { runId: string; reason: string | null; waitSeconds: number },
): Promise<void> {
  await unitOfWork(em, actor.firmId, async (unit) => {
    const locked = await lockRunAndConnection(unit, request.runId);
    if (!locked) throw notFound();
    await cancel(unit, locked.run, actor.userId, request.reason);
    if (locked.run.status === "CANCELLED") await sendWaiting(unit, locked.run, runs);
  });
  await runs.settled(actor.firmId, request.runId, request.waitSeconds);
}

async function cancel(unit: UnitOfWork, run: SyncRun, actorId: string, reason: string | null): Promise<void> {
  if (isFinishedStatus(run.status) && run.status !== "FAILED") return;
  if (run.status === "RUNNING") {
    run.requestCancel(actorId, reason);
    return;
  }
  const statistics = new StatisticsChange();
  await closeOpenFailure(unit, statistics, run, null);
  await cancelRun(unit, run, { actorId, metadata: { reason } });
  await unit.em.flush();
  await statistics.apply(unit, run.connectionId);
}
