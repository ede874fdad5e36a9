import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { openFailureOf } from "./open-failure.js";
import type { Admission, StartKind } from "./provider-gate.js";
import type { RunQueue } from "./run-queue.js";
import type { SyncRun } from "./sync-run.entity.js";

/**
 * As what the run has to ask its provider's gate before it starts; null where it may start at once: a lost worker's run goes on, and
 * so does everything but automatic retries and recoveries while the provider is up.
 */
export function startKindOf(run: SyncRun, isShut: boolean): StartKind | null {
  if (run.status === "RUNNING") return null;
  if (isAutomatic(run) && !run.hasRetrySlot) return "RETRY";
  if (!isShut) return null;
  return isAskedByManager(run) ? "MANAGER" : "OTHER";
}

/** A retry that no manager asked for and no stopped worker made necessary, or an exhausted push that runs once more. */
function isAutomatic(run: SyncRun): boolean {
  if (run.status === "RETRYING") return run.errorCode !== "WORKER_STOPPED";
  return run.trigger === "RECOVERY" && run.replayOfId === null;
}

function isAskedByManager(run: SyncRun): boolean {
  return run.replayOfId !== null || (run.trigger === "MANUAL" && run.status === "QUEUED");
}

/** The run stays what it is and waits, without an attempt; when it is looked at next is told truly. */
export async function putOff(
  unit: UnitOfWork,
  { connection, run }: { connection: CalendarConnection; run: SyncRun },
  admission: Exclude<Admission, { kind: "START" }>,
  queue: RunQueue,
): Promise<void> {
  const { at } = admission;
  if (admission.kind === "WAIT_FOR_BUDGET") {
    run.reserveRetry(at);
  } else {
    run.waitForProvider(at);
    if (run.isConnectionPull()) connection.postponeNextPull(unit.now, (at.getTime() - unit.now.getTime()) / 1000);
  }
  if (run.status === "RETRYING") (await openFailureOf(unit, run))?.waitForRetryAt(at);
  await queue.send(unit, run, at);
}
