import { LockMode } from "@mikro-orm/core";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { RunQueue } from "./run-queue.js";
import { SyncRun } from "./sync-run.entity.js";

/** What has become of a notification's pull. WAITING: one waits already, which will see the change. SLOWED: the next planned one will. */
export type NotifiedPull = "QUEUED" | "WAITING" | "SLOWED";

/**
 * Its provider tells that the connection has changed: queues an incremental pull, unless one waits already. Behind one that runs it
 * waits: that one may be past the change. While the connection's pulls are slowed, none comes sooner. The caller has locked it.
 */
export async function queueNotifiedPull(
  unit: UnitOfWork,
  runs: RunQueue,
  connection: CalendarConnection,
): Promise<NotifiedPull> {
  const unfinished = await unfinishedPulls(unit, connection.id);
  const isRunning = unfinished.some(({ status }) => status === "RUNNING");
  // What waits for a retry beside one that runs is closed with it.
  if (unfinished.some(({ status }) => status === "QUEUED" || (status !== "RUNNING" && !isRunning))) return "WAITING";
  if (connection.circuitOpenedAt !== null || (await isUndecided(unit, connection.id))) return "SLOWED";
  const run = unit.em.create(SyncRun, {
    ...{ firmId: unit.firmId, connectionId: connection.id, correlationId: crypto.randomUUID(), createdAt: unit.now },
    ...{ operation: "LIST_CHANGES", direction: "PULL", trigger: "NOTIFICATION" },
  });
  await unit.em.persist(run).flush();
  if (isRunning) runs.waitBehind(run);
  else await runs.send(unit, run, null);
  return "QUEUED";
}

function unfinishedPulls({ em, firmId }: UnitOfWork, connectionId: string): Promise<SyncRun[]> {
  return em.find(
    SyncRun,
    {
      ...{ firmId, connectionId, direction: "PULL", appointmentId: null },
      status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD"] },
    },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/** A manager has still to say whether most of its appointments are to be cancelled. */
async function isUndecided({ em, firmId }: UnitOfWork, connectionId: string): Promise<boolean> {
  const refused = { firmId, connectionId, openFailureId: { $ne: null }, errorCode: "MASS_CANCEL" };
  return (await em.count(SyncRun, refused)) > 0;
}
