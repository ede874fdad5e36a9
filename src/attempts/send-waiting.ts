import { LockMode } from "@mikro-orm/core";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { guardScope } from "./guard-scope.js";
import { isOnlyRun } from "./only-run.js";
import type { RunQueue } from "./run-queue.js";
import { SyncRun } from "./sync-run.entity.js";

/** What waited behind this run, which has ended or waits itself now, goes to the workers: a pull behind a pull, a push behind a push. */
export async function sendWaiting(unit: UnitOfWork, run: SyncRun, queue: RunQueue): Promise<void> {
  const scope = guardScope(run);
  if (!scope || (await isOnlyRun(unit, run))) return;
  await unit.em.flush(); // the guards see the end of this run before the next one is sent
  const waiting = await unit.em.findOne(
    SyncRun,
    { firmId: unit.firmId, ...scope, id: { $ne: run.id }, status: { $in: ["QUEUED", "RETRYING"] }, jobId: null },
    { orderBy: { id: "desc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (!waiting) return;
  await queue.send(unit, waiting, null);
  if (run.direction === "PULL") await failpoint("waiting-pull.sent");
}
