import { sql } from "kysely";
import { record } from "../audit/record.js";
import { assertActive } from "../connections/assert-active.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError, notFound } from "../errors.js";
import { lockConnection } from "./lock.js";
import { SyncRun } from "./sync-run.entity.js";
import { activeAppointmentResync } from "./waiting-pulls.js";
import { requestOnce, type RunRequest } from "./run-request.js";

export interface AppointmentResyncRequest extends RunRequest {
  appointmentId: string;
}

/** An appointment that has an event at a provider. */
export interface SyncedAppointment {
  id: string;
  connectionId: string;
  externalEventId: string;
}

/**
 * Asks for one appointment's event. Joins a resync of it that is active already. Answers with the run's id when it has settled or the wait
 * is over; the run goes on in any case.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT with reason NOT_SYNCED, NO_EXTERNAL_ID, CONNECTION_REVOKED or CONNECTION_PAUSED;
 *   what oncePerKey refuses
 */
export function resyncAppointment(context: Context, request: AppointmentResyncRequest): Promise<string> {
  const asked = { operation: "resyncAppointment", request } as const;
  return requestOnce(context, asked, (unit) => requestRun(context, unit, request));
}

async function requestRun(context: Context, unit: UnitOfWork, request: AppointmentResyncRequest): Promise<string> {
  const appointment = await syncedAppointment(unit, request.appointmentId);
  const connection = await lockConnection(unit, appointment.connectionId);
  if (!connection) throw notFound();
  assertActive(connection);
  const active = await activeAppointmentResync(unit, appointment.id);
  const run = active ?? (await createRun(context, unit, appointment, request));
  if (run.status === "HELD") {
    run.requeue();
    await context.runs.send(unit, run, null);
  }
  recordRequest(context, unit, { appointment, run, reason: request.reason, joined: active !== null });
  return run.id;
}

async function syncedAppointment(unit: UnitOfWork, id: string): Promise<SyncedAppointment> {
  const { rows } = await sql<{ connection_id: string | null; external_event_id: string | null }>`
    select connection_id, external_event_id from appointment where firm_id = ${unit.firmId} and id = ${id}
  `.execute(unit.em.getKysely());
  const [row] = rows;
  if (!row) throw notFound();
  if (row.connection_id === null) {
    throw new AppError("BAD_USER_INPUT", "This appointment is not synced to an external calendar", {
      reason: "NOT_SYNCED",
    });
  }
  if (row.external_event_id === null) {
    throw new AppError("BAD_USER_INPUT", "This appointment has no external event ID", { reason: "NO_EXTERNAL_ID" });
  }
  return { id, connectionId: row.connection_id, externalEventId: row.external_event_id };
}

async function createRun(
  context: Context,
  unit: UnitOfWork,
  appointment: SyncedAppointment,
  request: AppointmentResyncRequest,
): Promise<SyncRun> {
  const run = unit.em.create(SyncRun, {
    firmId: unit.firmId,
    correlationId: crypto.randomUUID(),
    connectionId: appointment.connectionId,
    appointmentId: appointment.id,
    operation: "UPSERT",
    direction: "PULL",
    trigger: "MANUAL",
    requestedById: context.actor.userId,
    reason: request.reason,
    createdAt: unit.now,
  });
  await unit.em.persist(run).flush();
  await context.runs.send(unit, run, null);
  return run;
}

function recordRequest(
  context: Context,
  unit: UnitOfWork,
  asked: { appointment: SyncedAppointment; run: SyncRun; reason: string | null; joined: boolean },
): void {
  const { appointment, run, reason, joined } = asked;
  record(unit, {
    eventType: "appointment_resync_requested",
    actorId: context.actor.userId,
    resource: { type: "appointment", id: appointment.id },
    correlationId: run.correlationId,
    metadata: {
      external_event_id: appointment.externalEventId,
      connection_id: appointment.connectionId,
      reason,
      joined,
    },
  });
}
