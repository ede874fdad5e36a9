import { LockMode } from "@mikro-orm/core";
import { closeOpenFailure, type Closing } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { isOnlyRun } from "./only-run.js";
import { SyncRun } from "./sync-run.entity.js";

/**
 * A push brings everything that its appointment still has to tell. So when an attempt at it has ended, every older push of the appointment
 * that waits, is held or has failed is closed with it: its run is cancelled, its failure resolved when this attempt succeeded,
 * superseded when it failed. An appointment has one open push failure at most.
 */
export async function coverPushes(closing: Closing): Promise<void> {
  const { unit, run, attempt, statistics } = closing;
  if (run.direction !== "PUSH" || (await isOnlyRun(unit, run))) return;
  for (const covered of await olderPushes(closing)) {
    await closeOpenFailure(unit, statistics, covered, attempt.status === "SUCCESS" ? attempt : null);
    await cancelRun(unit, covered, {
      metadata: { covered_by_run_id: run.id, covered_by_correlation_id: run.correlationId },
    });
  }
}

function olderPushes({ unit, run }: Closing): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      appointmentId: run.appointmentId,
      direction: "PUSH",
      id: { $lt: run.id },
      $or: [{ status: { $in: ["RETRYING", "HELD"] } }, { status: "FAILED", openFailureId: { $ne: null } }],
    },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}
