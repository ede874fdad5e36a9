import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError, notFound } from "../errors.js";

/** An appointment of an external calendar. */
export interface SyncedAppointment {
  id: string;
  connectionId: string;
  /** Null until its event is known. */
  externalEventId: string | null;
}

/** @throws AppError NOT_FOUND; BAD_USER_INPUT with reason NOT_SYNCED */
export async function syncedAppointment(unit: UnitOfWork, id: string): Promise<SyncedAppointment> {
  const { rows } = await sql<{ connectionId: string | null; externalEventId: string | null }>`
    select connection_id as "connectionId", external_event_id as "externalEventId"
    from appointment where firm_id = ${unit.firmId} and id = ${id}
  `.execute(unit.em.getKysely());
  const [row] = rows;
  if (!row) throw notFound();
  const { connectionId, externalEventId } = row;
  if (connectionId !== null) return { id, connectionId, externalEventId };
  throw new AppError("BAD_USER_INPUT", "This appointment is not synced to an external calendar", {
    reason: "NOT_SYNCED",
  });
}
