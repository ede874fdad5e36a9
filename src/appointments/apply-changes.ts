import { sql } from "kysely";
import { recordForAppointments } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { CalendarEvent, EventChange } from "../providers/provider.js";
import { differs, keptOr } from "./unpushed-fields.js";
import { insideRange, type TimeRange } from "./time-range.js";

/** What applying a page did. `seen` is how many appointments a full round met for the first time. */
export interface AppliedChanges {
  created: number;
  updated: number;
  cancelled: number;
  unchanged: number;
  /** What could not be kept, and why. */
  skipped: readonly SkippedChange[];
  seen: number;
}

type SkippedChange = Extract<EventChange, { kind: "skipped" }>;

export interface PageOfChanges {
  connectionId: string;
  correlationId: string;
  changes: readonly EventChange[];
  /** Unknown events are created only inside this range; known ones are kept up to date wherever they lie. */
  range: TimeRange;
  /** The run of a full round, which notes what it has seen; null for an incremental pull. */
  notedForRun: string | null;
}

/**
 * Brings the connection's appointments in line with a page of changes, in the caller's transaction. Nothing is written for an event
 * that is as it was. What our side has changed and not pushed yet keeps our value; a removal wins over it. An event that we have made, as
 * its key tells, becomes its appointment's. Changed times and cancellations are audited with the page.
 */
export async function applyChanges(unit: UnitOfWork, page: PageOfChanges): Promise<AppliedChanges> {
  const { events, removed, removedWithSeries, skipped } = sortChanges(page.changes);
  const written = await writeEvents(unit, page, events);
  const seenBroken = await noteSkipped(unit, page, skipped);
  const cancelled = await cancelRemoved(unit, page, removed, removedWithSeries);
  return { ...written, seen: written.seen + seenBroken, cancelled, skipped };
}

interface SortedChanges {
  events: CalendarEvent[];
  /** Ids of events, all that are gone. */
  removed: string[];
  /** Those among them that may be a series', whose occurrences go with it. */
  removedWithSeries: string[];
  skipped: SkippedChange[];
}

/** An event may come twice in a page; the last one counts. What may be missing is nothing to apply: it must be asked for. */
function sortChanges(changes: readonly EventChange[]): SortedChanges {
  const latest = new Map<string, Exclude<EventChange, { kind: "skipped" | "missing" }>>();
  const skipped: SkippedChange[] = [];
  for (const change of changes) {
    if (change.kind === "skipped") skipped.push(change);
    else if (change.kind === "event") latest.set(change.event.externalEventId, change);
    else if (change.kind !== "missing") latest.set(change.externalEventId, change);
  }
  const last = [...latest.values()];
  return {
    events: last.flatMap((change) => (change.kind === "event" ? [change.event] : [])),
    removed: last.flatMap((change) => (change.kind === "event" ? [] : [change.externalEventId])),
    removedWithSeries: last.flatMap((change) => (change.kind === "removed" ? [change.externalEventId] : [])),
    skipped,
  };
}

interface WrittenRow {
  id: string;
  outcome: "created" | "updated" | "unchanged";
  moved_from_start: string | null;
  moved_from_end: string | null;
  starts_at: string;
  ends_at: string;
  is_seen: boolean;
}

type Written = Pick<AppliedChanges, "created" | "updated" | "unchanged" | "seen">;

async function writeEvents(unit: UnitOfWork, page: PageOfChanges, events: CalendarEvent[]): Promise<Written> {
  if (events.length === 0) return { created: 0, updated: 0, unchanged: 0, seen: 0 };
  const rows = await mergeEvents(unit, page, events);
  await recordMoves(unit, page, rows);
  const count = (outcome: WrittenRow["outcome"]): number => rows.filter((row) => row.outcome === outcome).length;
  return {
    created: count("created"),
    updated: count("updated"),
    unchanged: count("unchanged"),
    seen: rows.filter((row) => row.is_seen).length,
  };
}

/**
 * One statement a page: unknown events inside the range are inserted, known ones that differ updated, and every appointment met is
 * noted where a full round asks for it. The parts of the statement all see the rows as they were before it, except that those to be
 * updated are locked and read again: our side may have changed them meanwhile, and what it has not pushed yet stays.
 */
async function mergeEvents(unit: UnitOfWork, page: PageOfChanges, events: CalendarEvent[]): Promise<WrittenRow[]> {
  const column = <T>(value: (event: CalendarEvent) => T): T[] => events.map(value);
  const { rows } = await sql<WrittenRow>`
    with incoming as (
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
    ),
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
      insert into appointment (firm_id, connection_id, external_event_id, recurring_event_id, title, status, starts_at, ends_at, is_all_day, time_zone, created_at, updated_at)
      select ${unit.firmId}, ${page.connectionId}, event.external_event_id, event.recurring_event_id, event.title, event.status,
        event.starts_at, event.ends_at, event.is_all_day, event.time_zone, ${unit.now}::timestamptz, ${unit.now}::timestamptz
      from incoming event
      where not exists (select from known where known.external_event_id = event.external_event_id)
        and ${insideRange("event", page.range)}
      on conflict (firm_id, connection_id, external_event_id) do nothing -- a push has stored it this moment
      returning id, starts_at, ends_at
    ),
    met as (
      select known.id, case when merged.differs then 'updated' else 'unchanged' end as outcome,
        coalesce(merged.starts_at, known.starts_at) as starts_at, coalesce(merged.ends_at, known.ends_at) as ends_at,
        case when (merged.old_start, merged.old_end) is distinct from (merged.starts_at, merged.ends_at) then merged.old_start end as moved_from_start,
        case when (merged.old_start, merged.old_end) is distinct from (merged.starts_at, merged.ends_at) then merged.old_end end as moved_from_end
      from known left join merged on merged.id = known.id
      union all
      select id, 'created', starts_at, ends_at, null, null from created
    ),
    seen as (
      insert into seen_appointment (firm_id, run_id, appointment_id)
      select ${unit.firmId}, ${page.notedForRun}::bigint, id from met where ${page.notedForRun}::bigint is not null
      on conflict do nothing returning appointment_id
    )
    select met.*, seen.appointment_id is not null as is_seen from met left join seen on seen.appointment_id = met.id
  `.execute(unit.em.getKysely());
  return rows;
}

/** An event that cannot be read is there all the same: a full round must not sweep what is held of it. Returns how many it has met. */
async function noteSkipped(
  unit: UnitOfWork,
  { notedForRun, connectionId }: PageOfChanges,
  skipped: readonly SkippedChange[],
): Promise<number> {
  const ids = skipped.flatMap(({ externalEventId }) => externalEventId ?? []);
  if (notedForRun === null || ids.length === 0) return 0;
  const { rows } = await sql`
    insert into seen_appointment (firm_id, run_id, appointment_id)
    select firm_id, ${notedForRun}::bigint, id from appointment
    where firm_id = ${unit.firmId} and connection_id = ${connectionId} and external_event_id = any(${ids}::text[])
    on conflict do nothing returning appointment_id
  `.execute(unit.em.getKysely());
  return rows.length;
}

async function recordMoves(unit: UnitOfWork, page: PageOfChanges, rows: WrittenRow[]): Promise<void> {
  const moved = rows.filter((row) => row.moved_from_start !== null);
  await recordForAppointments(unit, {
    eventType: "appointment_time_changed_by_sync",
    correlationId: page.correlationId,
    appointments: moved.map((row) => ({
      id: row.id,
      metadata: {
        old_starts_at: iso(row.moved_from_start),
        old_ends_at: iso(row.moved_from_end),
        new_starts_at: iso(row.starts_at),
        new_ends_at: iso(row.ends_at),
      },
    })),
  });
}

function iso(text: string | null): string {
  return new Date(String(text)).toISOString();
}

async function cancelRemoved(
  unit: UnitOfWork,
  page: PageOfChanges,
  removed: string[],
  removedWithSeries: string[],
): Promise<number> {
  if (removed.length === 0) return 0;
  const { rows } = await sql<{ id: string }>`
    update appointment set status = 'CANCELLED', status_reason = 'REMOVED_AT_PROVIDER', unpushed_fields = '{}', updated_at = ${unit.now}::timestamptz
    where firm_id = ${unit.firmId} and connection_id = ${page.connectionId} and status <> 'CANCELLED'
      and (external_event_id = any(${removed}::text[]) or recurring_event_id = any(${removedWithSeries}::text[]))
    returning id
  `.execute(unit.em.getKysely());
  await recordForAppointments(unit, {
    eventType: "appointment_cancelled_by_sync",
    correlationId: page.correlationId,
    appointments: rows.map(({ id }) => ({ id, metadata: { reason: "removed_at_provider" } })),
  });
  return rows.length;
}
