import { lockAppointment, type LocalAppointment } from "../appointments/local-change.js";
import { syncedAppointment } from "../appointments/synced-appointment.js";
import { lockConnection } from "../attempts/lock.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
import { unfinishedPushes } from "../attempts/waiting-pushes.js";
import { assertActive } from "../connections/assert-active.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError, notFound } from "../errors.js";

/** An appointment that somebody is about to change, locked with its connection and its unfinished pushes. */
export interface ChangeableAppointment {
  connectionId: string;
  current: LocalAppointment;
  pushes: readonly SyncRun[];
}

/**
 * Locks in the order in which everybody does: connection, runs, appointment.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT with reason NOT_SYNCED, CONNECTION_REVOKED, CONNECTION_PAUSED or APPOINTMENT_CANCELLED
 */
export async function lockForChange(unit: UnitOfWork, appointmentId: string): Promise<ChangeableAppointment> {
  const { connectionId } = await syncedAppointment(unit, appointmentId);
  const connection = await lockConnection(unit, connectionId);
  if (!connection) throw notFound();
  assertActive(connection);
  const pushes = await unfinishedPushes(unit, appointmentId);
  const current = await lockAppointment(unit, appointmentId);
  if (!current) throw notFound();
  if (current.status === "CANCELLED") {
    throw new AppError("BAD_USER_INPUT", "This appointment is cancelled", { reason: "APPOINTMENT_CANCELLED" });
  }
  return { connectionId, current, pushes };
}
