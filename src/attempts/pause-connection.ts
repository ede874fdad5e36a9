import { record, type AuditEventType } from "../audit/record.js";
import { revoked } from "../connections/assert-active.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { notFound } from "../errors.js";
import { lockConnection } from "./lock.js";
import { releaseHeldRuns, runsIn } from "./held-runs.js";
import { holdRun } from "./open-failure.js";

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
    await releaseHeldRuns(context, unit, connection);
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
