import { record } from "../audit/record.js";
import { assertActive } from "../connections/assert-active.js";
import { closeCircuit } from "../connections/circuit.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { notFound } from "../errors.js";
import { failpoint } from "../failpoints.js";
import { lockConnection } from "./lock.js";
import { queueFullRound } from "./queue-full-round.js";
import { resyncBounds, type Bounds } from "./resync-bounds.js";
import type { SyncRun } from "./sync-run.entity.js";
import { activeResync, replaceWaitingPulls, resyncActive } from "./waiting-pulls.js";
import { requestOnce, type RunRequest } from "./run-request.js";

export interface ResyncRequest extends RunRequest {
  connectionId: string;
  /** Null for the edge of the connection's window; both null for the whole window. */
  startDate: Date | null;
  endDate: Date | null;
  /** Lets the sweep cancel as many appointments as it finds missing. */
  allowMassCancel: boolean;
}

/**
 * Asks for a full round over the connection's whole window, or between two instants. Joins an active resync with the same bounds; replaces
 * an incremental pull that waits; waits behind a pull that runs. Answers with the run's id when it has settled or the wait
 * is over; the run goes on in any case.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT naming the argument, or with reason CONNECTION_REVOKED or CONNECTION_PAUSED; CONFLICT
 *   with reason RESYNC_ACTIVE beside a resync with other bounds; what oncePerKey refuses
 */
export function resyncConnection(context: Context, request: ResyncRequest): Promise<string> {
  const asked = { operation: "resyncConnection", request } as const;
  return requestOnce(context, asked, (unit) => requestRun(context, unit, request));
}

async function requestRun(context: Context, unit: UnitOfWork, request: ResyncRequest): Promise<string> {
  const connection = await lockConnection(unit, request.connectionId);
  if (!connection) throw notFound();
  const bounds = resyncBounds(connection, request);
  assertActive(connection);
  const active = await activeResync(unit, connection.id);
  const run = active
    ? await join(context, unit, active, { request, bounds })
    : await createRun(context, unit, connection, { request, bounds });
  const { correlationId } = run;
  closeCircuit(unit, connection, { because: "resync", actorId: context.actor.userId, correlationId });
  recordRequest(context, unit, { connection, run, request, joined: active !== null });
  await failpoint("resync.in-transaction");
  return run.id;
}

interface Asked {
  request: ResyncRequest;
  bounds: Bounds | null;
}

/** What this manager allows holds for the joined run too; a held one is tried again, since somebody asks for it. */
async function join(context: Context, unit: UnitOfWork, run: SyncRun, { request, bounds }: Asked): Promise<SyncRun> {
  if (run.startDate?.getTime() !== bounds?.start.getTime() || run.endDate?.getTime() !== bounds?.end.getTime()) {
    throw resyncActive(run);
  }
  if (request.allowMassCancel) run.allowMassCancel = true;
  if (run.status === "HELD") {
    const { id: runId, connectionId, correlationId } = run;
    const isBehindRunning = await replaceWaitingPulls(unit, { runId, connectionId, correlationId });
    run.requeue();
    if (!isBehindRunning) await context.runs.send(unit, run, null);
  }
  return run;
}

function createRun(
  { runs, actor }: Context,
  unit: UnitOfWork,
  connection: CalendarConnection,
  { request, bounds }: Asked,
): Promise<SyncRun> {
  return queueFullRound(unit, runs, {
    connectionId: connection.id,
    trigger: "MANUAL",
    startDate: bounds?.start ?? null,
    endDate: bounds?.end ?? null,
    allowMassCancel: request.allowMassCancel,
    requestedById: actor.userId,
    reason: request.reason,
  });
}

function recordRequest(
  context: Context,
  unit: UnitOfWork,
  asked: { connection: CalendarConnection; run: SyncRun; request: ResyncRequest; joined: boolean },
): void {
  const { connection, run, request } = asked;
  record(unit, {
    eventType: "calendar_connection_resync_requested",
    actorId: context.actor.userId,
    resource: { type: "calendar_connection", id: connection.id },
    correlationId: run.correlationId,
    metadata: {
      provider: connection.provider.toLowerCase(),
      start_date: run.startDate?.toISOString() ?? null,
      end_date: run.endDate?.toISOString() ?? null,
      allow_mass_cancel: request.allowMassCancel,
      reason: request.reason,
      joined: asked.joined,
    },
  });
}
