import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { closeCircuit } from "../connections/circuit.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { releaseHeldRuns } from "./held-runs.js";
import { queueFullRound, type FullRound } from "./queue-full-round.js";
import type { RunQueue } from "./run-queue.js";
import { SyncRun } from "./sync-run.entity.js";
import { activeResync } from "./waiting-pulls.js";

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
  const run = unit.em.create(SyncRun, {
    ...{ ...asked(connectionId, by), firmId: unit.firmId, correlationId: crypto.randomUUID(), createdAt: unit.now },
    ...{ operation: "LIST_CHANGES", direction: "PULL" },
  });
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
  const run = (await activeResync(unit, connection.id)) ?? (await queueFullRound(unit, runs, asked(connection.id, by)));
  closeCircuit(unit, connection, {
    because: "reconnect",
    actorId: by.actorId,
    correlationId: run.correlationId,
  });
  await releaseHeldRuns({ runs }, unit, connection);
  return run;
}

function asked(connectionId: string, { actorId, reason }: Connected): FullRound {
  return { connectionId, trigger: "CONNECT", requestedById: actorId, reason };
}
