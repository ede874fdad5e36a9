import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { EventField } from "../providers/provider.js";
import type { AppointmentStatus } from "./appointment.entity.js";

/** What our side says of an appointment, apart from where it is synced. */
export interface AppointmentContent {
  title: string;
  isTentative: boolean;
  startsAt: Date;
  /** Exclusive. */
  endsAt: Date;
  isAllDay: boolean;
  /** IANA name. */
  timeZone: string | null;
}

export interface LocalAppointment extends AppointmentContent {
  status: AppointmentStatus;
}

/** The same as a row. */
export interface ContentRow {
  title: string;
  status: AppointmentStatus;
  starts_at: string;
  ends_at: string;
  is_all_day: boolean;
  time_zone: string | null;
}

/** What of an appointment is pushed. */
export const everyField: readonly EventField[] = ["title", "status", "times"];

/** Locks the appointment until the transaction ends. Null where the firm has none with this id. */
export async function lockAppointment(unit: UnitOfWork, id: string): Promise<LocalAppointment | null> {
  const { rows } = await sql<ContentRow>`
    select title, status, starts_at, ends_at, is_all_day, time_zone from appointment
    where firm_id = ${unit.firmId} and id = ${id} for update
  `.execute(unit.em.getKysely());
  const [row] = rows;
  if (!row) return null;
  return {
    title: row.title,
    status: row.status,
    isTentative: row.status === "TENTATIVE",
    startsAt: new Date(row.starts_at),
    endsAt: new Date(row.ends_at),
    isAllDay: row.is_all_day,
    timeZone: row.time_zone,
  };
}

/** A new appointment, with everything still to be pushed. Returns its id. */
export async function insertAppointment(
  unit: UnitOfWork,
  connectionId: string,
  content: AppointmentContent,
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into appointment (firm_id, connection_id, title, status, starts_at, ends_at, is_all_day, time_zone, unpushed_fields, local_version)
    values (${unit.firmId}, ${connectionId}, ${content.title}, ${statusOf(content)}, ${content.startsAt}, ${content.endsAt},
      ${content.isAllDay}, ${content.timeZone}, ${everyField}::text[], 1)
    returning id
  `.execute(unit.em.getKysely());
  return String(rows[0]?.id);
}

/** Our side's new content; the named fields are to be pushed. */
export async function changeAppointment(
  unit: UnitOfWork,
  id: string,
  content: AppointmentContent,
  fields: readonly EventField[],
): Promise<void> {
  await sql`
    update appointment set title = ${content.title}, status = ${statusOf(content)}, starts_at = ${content.startsAt}, ends_at = ${content.endsAt},
      is_all_day = ${content.isAllDay}, time_zone = ${content.timeZone}, local_version = local_version + 1,
      unpushed_fields = (select array_agg(distinct field order by field) from unnest(unpushed_fields || ${fields}::text[]) as field)
    where firm_id = ${unit.firmId} and id = ${id}
  `.execute(unit.em.getKysely());
}

/** Our side has called it off: nothing else of it is to be pushed. */
export async function callOffAppointment(unit: UnitOfWork, id: string): Promise<void> {
  await sql`
    update appointment set status = 'CANCELLED', status_reason = 'CANCELLED_HERE', local_version = local_version + 1,
      unpushed_fields = array['status']
    where firm_id = ${unit.firmId} and id = ${id}
  `.execute(unit.em.getKysely());
}

function statusOf({ isTentative }: AppointmentContent): AppointmentStatus {
  return isTentative ? "TENTATIVE" : "CONFIRMED";
}
