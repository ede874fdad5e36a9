import { LockMode } from "@mikro-orm/core";
import { record, type AuditEventType } from "../audit/record.js";
import { revoked } from "../connections/assert-active.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { notFound } from "../errors.js";
import { lockConnection } from "./lock.js";
import { holdRun, openFailureOf } from "./open-failure.js";
import { SyncRun } from "./sync-run.entity.js";
import type { SyncRunStatus } from "./sync.enums.js";
import { replaceWaitingPulls } from "./waiting-pulls.js";

export interface PauseRequest {
  connectionId: string;
  /** At most 500 characters; kept in the audit. */
  reason: string | null;
}

/**
 * Stops a connection's sync: waiting runs are held, a running one may end, new ones are refused. Changes and audits nothing on
 * one that is paused.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT with reason CONNECTION_REVOKED
 */
export async function pauseConnection(context: Context, request: PauseRequest): Promise<void> {
  await changeConnection(context, request, "calendar_connection_paused", async (unit, connection) => {
    if (connection.status === "PAUSED") return false;
    connection.pause(unit.now);
    for (const run of await runsIn(unit, connection, ["QUEUED", "RETRYING"])) await holdRun(unit, run, null);
    return true;
  });
}

/**
 * Goes on with a paused connection: held runs are queued again, a pull is due. Changes and audits nothing on one that is active.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT with reason CONNECTION_REVOKED
 */
export async function resumeConnection(context: Context, request: PauseRequest): Promise<void> {
  await changeConnection(context, request, "calendar_connection_resumed", async (unit, connection) => {
    if (connection.status === "ACTIVE") return false;
    connection.resume(unit.now);
    const held = await runsIn(unit, connection, ["HELD"]);
    // A resync first: it replaces an incremental pull that was held beside it.
    for (const run of held.sort(resyncsFirst)) if (run.status === "HELD") await release(context, unit, run);
    return true;
  });
}

async function changeConnection(
  { actor, em }: Context,
  request: PauseRequest,
  eventType: AuditEventType,
  change: (unit: UnitOfWork, connection: CalendarConnection) => Promise<boolean>,
): Promise<void> {
  await unitOfWork(em, actor.firmId, async (unit) => {
    const connection = await lockConnection(unit, request.connectionId);
    if (!connection) throw notFound();
    if (connection.status === "REVOKED") throw revoked();
    if (!(await change(unit, connection))) return;
    record(unit, {
      eventType,
      actorId: actor.userId,
      resource: { type: "calendar_connection", id: connection.id },
      metadata: { reason: request.reason },
    });
  });
}

function runsIn(unit: UnitOfWork, connection: CalendarConnection, statuses: SyncRunStatus[]): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    { firmId: unit.firmId, connectionId: connection.id, status: { $in: statuses } },
    { orderBy: { id: "asc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

function resyncsFirst(a: SyncRun, b: SyncRun): number {
  return Number(b.operation === "RESYNC") - Number(a.operation === "RESYNC");
}

/** Until when a provider has asked to be left alone, it is. */
async function release(context: Context, unit: UnitOfWork, run: SyncRun): Promise<void> {
  const { id: runId, connectionId, correlationId } = run;
  const isBehindRunning =
    run.isConnectionPull() && (await replaceWaitingPulls(unit, { runId, connectionId, correlationId }));
  run.requeue();
  await unit.em.flush();
  if (isBehindRunning) return;
  const failure = await openFailureOf(unit, run);
  await context.runs.send(unit, run, failure?.providerRetryAt ?? null);
}
