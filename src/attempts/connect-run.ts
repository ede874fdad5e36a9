import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { closeCircuit } from "../connections/circuit.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { releaseHeldRuns } from "./held-runs.js";
import type { RunQueue } from "./run-queue.js";
import { SyncRun } from "./sync-run.entity.js";
import { activeResync, replaceWaitingPulls } from "./waiting-pulls.js";

/** Who has connected a calendar, and why. */
interface Connected {
  actorId: string;
  reason: string | null;
}

/** Queues the first pull of a new connection: having no cursor, it lists everything. */
export async function queueFirstPull(
  unit: UnitOfWork,
  runs: RunQueue,
  connectionId: string,
  by: Connected,
): Promise<SyncRun> {
  const run = createRun(unit, { connectionId, operation: "LIST_CHANGES", correlationId: crypto.randomUUID() }, by);
  await unit.em.persist(run).flush();
  await runs.send(unit, run, null);
  return run;
}

/**
 * A connection has its access again: its circuit is reset, a full resync takes the place of every pull that waits or is held, and what else
 * is held goes on. A resync that is held already is that one. `nextPullAt` is when the pull after it is made. Returns it.
 */
export async function goOnAfterReconnect(
  unit: UnitOfWork,
  runs: RunQueue,
  connection: CalendarConnection,
  by: Connected & { nextPullAt: Date },
): Promise<SyncRun> {
  connection.reconnect(unit.now, by.nextPullAt);
  const run = (await activeResync(unit, connection.id)) ?? (await queueResync(unit, runs, connection.id, by));
  closeCircuit(unit, connection, {
    because: "reconnect",
    actorId: by.actorId,
    correlationId: run.correlationId,
  });
  await releaseHeldRuns({ runs }, unit, connection);
  return run;
}

async function queueResync(unit: UnitOfWork, runs: RunQueue, connectionId: string, by: Connected): Promise<SyncRun> {
  const correlationId = crypto.randomUUID();
  // Before the run is made, which the next flush inserts: the guard lets one pull wait at a time.
  const isBehindRunning = await replaceWaitingPulls(unit, { runId: null, connectionId, correlationId });
  const run = createRun(unit, { connectionId, operation: "RESYNC", correlationId }, by);
  await unit.em.persist(run).flush();
  if (!isBehindRunning) await runs.send(unit, run, null);
  return run;
}

function createRun(
  unit: UnitOfWork,
  what: Pick<SyncRun, "connectionId" | "operation" | "correlationId">,
  { actorId, reason }: Connected,
): SyncRun {
  return unit.em.create(SyncRun, {
    ...what,
    firmId: unit.firmId,
    direction: "PULL",
    trigger: "CONNECT",
    requestedById: actorId,
    reason,
    createdAt: unit.now,
  });
}
