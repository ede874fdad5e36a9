import { sql, type RawBuilder } from "kysely";
import { arrayText } from "../database/array-text.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { CalendarEvent } from "../providers/provider.js";
import type { TimeRange } from "./time-range.js";

/** Where a page's events belong. */
export interface PageOfEvents {
  connectionId: string;
  /** Unknown events are created only inside this range; known ones are kept up to date wherever they lie. */
  range: TimeRange;
  /** The run of a full round, which notes what it has seen; null for an incremental pull. */
  notedForRun: string | null;
}

/** SQL: the events as rows, in columns that are named as an appointment's. */
export function incomingEvents(events: readonly CalendarEvent[]): RawBuilder<unknown> {
  const column = (value: (event: CalendarEvent) => string | boolean | null): string => arrayText(events.map(value));
  return sql`
    select * from unnest(
      ${column((event) => event.externalEventId)}::text[],
      ${column((event) => event.recurringEventId)}::text[],
      ${column((event) => event.title)}::text[],
      ${column((event) => (event.isTentative ? "TENTATIVE" : "CONFIRMED"))}::text[],
      ${column((event) => event.startsAt)}::timestamptz(3)[],
      ${column((event) => event.endsAt)}::timestamptz(3)[],
      ${column((event) => event.isAllDay)}::boolean[],
      ${column((event) => event.timeZone)}::text[],
      ${column((event) => event.eventKey)}::uuid[]
    ) as event (external_event_id, recurring_event_id, title, status, starts_at, ends_at, is_all_day, time_zone, event_key)
  `;
}

/** SQL: makes appointments of the rows of `incoming`, called `event` in the condition that is to follow. */
export function insertIncoming(
  unit: UnitOfWork,
  { connectionId }: PageOfEvents,
  incoming: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    insert into appointment (firm_id, connection_id, external_event_id, recurring_event_id, title, status, starts_at, ends_at, is_all_day, time_zone, created_at, updated_at)
    select ${unit.firmId}, ${connectionId}, event.external_event_id, event.recurring_event_id, event.title, event.status,
      event.starts_at, event.ends_at, event.is_all_day, event.time_zone, ${unit.now}::timestamptz, ${unit.now}::timestamptz
    from ${incoming} event
  `;
}
