import { record } from "../audit/record.js";
import { syncedAppointment, type SyncedAppointment } from "../appointments/synced-appointment.js";
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
type EventedAppointment = SyncedAppointment & { externalEventId: string };

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
  const appointment = await withEvent(unit, request.appointmentId);
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

async function withEvent(unit: UnitOfWork, id: string): Promise<EventedAppointment> {
  const appointment = await syncedAppointment(unit, id);
  const { externalEventId } = appointment;
  if (externalEventId !== null) return { ...appointment, externalEventId };
  throw new AppError("BAD_USER_INPUT", "This appointment has no external event ID", { reason: "NO_EXTERNAL_ID" });
}

async function createRun(
  context: Context,
  unit: UnitOfWork,
  appointment: EventedAppointment,
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
  asked: { appointment: EventedAppointment; run: SyncRun; reason: string | null; joined: boolean },
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
