import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { CalendarEvent } from "../providers/provider.js";
import { incomingEvents, insertIncoming, type PageOfEvents } from "./incoming-events.js";
import { insideRange } from "./time-range.js";
import { differs, keptOr } from "./unpushed-fields.js";

/** What a page's statement did. `known` is how many of the events were held already. */
interface MergedEvents {
  created: number;
  updated: number;
  known: number;
  seen: number;
  moved: MovedAppointment[];
}

/** Times as ISO 8601. */
export interface MovedAppointment {
  id: string;
  old_start: string;
  old_end: string;
  new_start: string;
  new_end: string;
}

export const nothingMerged: MergedEvents = { created: 0, updated: 0, known: 0, seen: 0, moved: [] };

/**
 * One statement a page: unknown events inside the range are inserted, known ones that differ updated, and every appointment met is
 * noted where a full round asks for it. The parts of the statement all see the rows as they were before it, except that those to be
 * updated are locked and read again: our side may have changed them meanwhile, and what it has not pushed yet stays.
 */
export async function mergeEvents(
  unit: UnitOfWork,
  page: PageOfEvents,
  events: readonly CalendarEvent[],
): Promise<MergedEvents> {
  const { rows } = await sql<MergedEvents>`
    with incoming as (${incomingEvents(events)}),
    known as (
      select appointment.id, event.external_event_id, appointment.starts_at, appointment.ends_at, ${differs} as differs
      from incoming event
      join appointment on appointment.firm_id = ${unit.firmId} and appointment.connection_id = ${page.connectionId}
        and appointment.external_event_id = event.external_event_id
      union all
      -- Of ours, made at the provider by a push whose answer nobody has stored.
      select appointment.id, event.external_event_id, appointment.starts_at, appointment.ends_at, true
      from incoming event
      join appointment on appointment.firm_id = ${unit.firmId} and appointment.connection_id = ${page.connectionId}
        and appointment.event_key = event.event_key and appointment.external_event_id is null
      where event.event_key is not null and not exists (
        select from appointment held
        where held.firm_id = ${unit.firmId} and held.connection_id = ${page.connectionId} and held.external_event_id = event.external_event_id
      )
    ),
    locked as (
      select * from appointment
      where firm_id = ${unit.firmId} and id in (select id from known where differs)
      for no key update
    ),
    merged as (
      select appointment.id, appointment.starts_at as old_start, appointment.ends_at as old_end, ${differs} as differs,
        event.external_event_id, event.recurring_event_id, ${keptOr("title", "title")} as title, ${keptOr("status", "status")} as status,
        ${keptOr("status", "status_reason", sql`null`)} as status_reason, ${keptOr("times", "starts_at")} as starts_at,
        ${keptOr("times", "ends_at")} as ends_at, ${keptOr("times", "is_all_day")} as is_all_day, ${keptOr("times", "time_zone")} as time_zone
      from locked appointment
      join known on known.id = appointment.id
      join incoming event on event.external_event_id = known.external_event_id
    ),
    updated as (
      update appointment set
        external_event_id = merged.external_event_id, recurring_event_id = merged.recurring_event_id,
        title = merged.title, status = merged.status, status_reason = merged.status_reason,
        starts_at = merged.starts_at, ends_at = merged.ends_at, is_all_day = merged.is_all_day, time_zone = merged.time_zone,
        updated_at = ${unit.now}::timestamptz
      from merged where appointment.firm_id = ${unit.firmId} and appointment.id = merged.id and merged.differs
    ),
    created as (
      ${insertIncoming(unit, page, sql`incoming`)}
      where not exists (select from known where known.external_event_id = event.external_event_id)
        and ${insideRange("event", page.range)}
      on conflict (firm_id, connection_id, external_event_id) do nothing -- a push has stored it this moment
      returning id
    ),
    seen as (
      insert into seen_appointment (firm_id, run_id, appointment_id)
      select ${unit.firmId}, ${page.notedForRun}::bigint, id from (select id from known union all select id from created) met
      where ${page.notedForRun}::bigint is not null
      on conflict do nothing returning appointment_id
    ),
    moved as (
      select id::text as id, old_start, old_end, starts_at as new_start, ends_at as new_end from merged
      where (old_start, old_end) is distinct from (starts_at, ends_at)
    )
    select (select count(*)::int from created) as created, (select count(*)::int from merged where differs) as updated,
      (select count(*)::int from known) as known, (select count(*)::int from seen) as seen,
      (select coalesce(json_agg(moved), '[]') from moved) as moved
  `.execute(unit.em.getKysely());
  const [merged] = rows;
  if (!merged) throw new Error("the page's statement has told nothing");
  return merged;
}
