import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { CalendarEvent } from "../providers/provider.js";
import { incomingEvents, insertIncoming, type PageOfEvents } from "./incoming-events.js";
import { insideRange } from "./time-range.js";

interface InsertedEvents {
  created: number;
  /** Known ones, and what lies outside the range or may be ours. */
  others: CalendarEvent[];
}

/**
 * Inserts the page's events without a look at what is held of the calendar, and notes them for the run. Right for any page, but made for
 * the first round of a large calendar, whose rows PostgreSQL has not counted yet: it would go through all of them for each page.
 */
export async function insertEvents(
  unit: UnitOfWork,
  page: PageOfEvents,
  events: readonly CalendarEvent[],
): Promise<InsertedEvents> {
  const { rows } = await sql<{ created: number; ids: string[] | null }>`
    with created as (
      ${insertIncoming(unit, page, sql`(${incomingEvents(events)})`)}
      where event.event_key is null and ${insideRange("event", page.range)}
      on conflict (firm_id, connection_id, external_event_id) do nothing
      returning id, external_event_id
    ),
    noted as (
      insert into seen_appointment (firm_id, run_id, appointment_id)
      select ${unit.firmId}, ${page.notedForRun}::bigint, id from created where ${page.notedForRun}::bigint is not null
    )
    select count(*)::int as created, case when count(*) < ${events.length} then array_agg(external_event_id) end as ids from created
  `.execute(unit.em.getKysely());
  const [inserted] = rows;
  if (!inserted) throw new Error("the page's statement has told nothing");
  const { created } = inserted;
  if (created === events.length) return { created, others: [] };
  const ids = new Set(inserted.ids);
  return { created, others: events.filter(({ externalEventId }) => !ids.has(externalEventId)) };
}
