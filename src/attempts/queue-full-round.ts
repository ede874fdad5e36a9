import type { UnitOfWork } from "../database/unit-of-work.js";
import type { RunQueue } from "./run-queue.js";
import { SyncRun } from "./sync-run.entity.js";
import { replaceWaitingPulls } from "./waiting-pulls.js";

/** What is asked for, by whom and why. */
export type FullRound = Pick<SyncRun, "connectionId" | "trigger" | "requestedById" | "reason"> &
  Partial<Pick<SyncRun, "startDate" | "endDate" | "allowMassCancel">>;

/** Makes a resync in place of every pull that waits, and sends it, unless it has to wait behind a pull that runs. */
export async function queueFullRound(unit: UnitOfWork, runs: RunQueue, round: FullRound): Promise<SyncRun> {
  const { connectionId } = round;
  const correlationId = crypto.randomUUID();
  // Before the run is made, which the next flush inserts: the guard lets one pull wait at a time.
  const isBehindRunning = await replaceWaitingPulls(unit, { runId: null, connectionId, correlationId });
  const run = unit.em.create(SyncRun, {
    ...{ ...round, firmId: unit.firmId, correlationId, createdAt: unit.now },
    ...{ operation: "RESYNC", direction: "PULL" },
  });
  await unit.em.persist(run).flush();
  if (isBehindRunning) runs.waitBehind(run);
  else await runs.send(unit, run, null);
  return run;
}
