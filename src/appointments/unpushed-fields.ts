import { sql, type RawBuilder } from "kysely";
import type { EventField } from "../providers/provider.js";

/**
 * SQL for a column after a pull: of a field that our side has changed and not pushed yet it stays, else it is the provider's. In the query
 * `appointment` is what is held and `event` what the provider tells, whose value may be given.
 */
export function keptOr(field: EventField, column: string, theirs = sql.ref(`event.${column}`)): RawBuilder<unknown> {
  return sql`case when ${isUnpushed(field)} then ${sql.ref(`appointment.${column}`)} else ${theirs} end`;
}

function isUnpushed(field: EventField): RawBuilder<boolean> {
  return sql<boolean>`${sql.lit(field)} = any(appointment.unpushed_fields)`;
}

/** SQL: whether the provider tells something that is to be taken over. */
export const differs = sql<boolean>`(
  (appointment.external_event_id, appointment.recurring_event_id) is distinct from (event.external_event_id, event.recurring_event_id)
  or (appointment.title <> event.title and not ${isUnpushed("title")})
  or (appointment.status <> event.status and not ${isUnpushed("status")})
  or ((appointment.starts_at, appointment.ends_at, appointment.is_all_day, appointment.time_zone)
    is distinct from (event.starts_at, event.ends_at, event.is_all_day, event.time_zone) and not ${isUnpushed("times")})
)`;
