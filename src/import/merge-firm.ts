import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { mergeAttempts } from "./merge-attempts.js";
import { mergeConnections } from "./merge-connections.js";

/** Adds everything of the firm that is not stored yet, under its own ids; what is stored stays as it is. */
export async function mergeFirm(unit: UnitOfWork, spreadSeconds: number): Promise<void> {
  await mergeFirmRow(unit);
  await mergeConnections(unit, spreadSeconds);
  await mergeAppointments(unit);
  await mergeAttempts(unit);
}

async function mergeFirmRow({ em, firmId }: UnitOfWork): Promise<void> {
  await sql`
    insert into firm (id, name) select firm_id, name from staged_firm where firm_id = ${firmId} on conflict (id) do nothing
  `.execute(em.getKysely());
}

async function mergeAppointments({ em, firmId }: UnitOfWork): Promise<void> {
  await sql`
    insert into appointment (
      firm_id, id, connection_id, external_event_id, recurring_event_id, title, status, status_reason, starts_at, ends_at,
      is_all_day, time_zone, created_at
    )
    select line.firm_id, line.id, line.connection_id, line.external_event_id, line.recurring_event_id, line.title, upper(line.status),
      line.status_reason, line.starts_at, line.ends_at, coalesce(line.is_all_day, false), line.time_zone, coalesce(line.created_at, now())
    from staged_appointment line
    where line.firm_id = ${firmId}
      and not exists (select from appointment stored where stored.firm_id = line.firm_id and stored.id = line.id)
    order by line.id
  `.execute(em.getKysely());
}
