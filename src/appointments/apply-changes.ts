import { sql } from "kysely";
import { recordForAppointments } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { CalendarEvent, EventChange } from "../providers/provider.js";
import type { PageOfEvents } from "./incoming-events.js";
import { insertEvents } from "./insert-events.js";
import { mergeEvents, nothingMerged, type MovedAppointment } from "./merge-events.js";

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

export interface PageOfChanges extends PageOfEvents {
  correlationId: string;
  changes: readonly EventChange[];
  /** Of a full round of a calendar that no round has covered yet: hardly any of its events is known. */
  isFirstRound: boolean;
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

type Written = Pick<AppliedChanges, "created" | "updated" | "unchanged" | "seen">;

async function writeEvents(unit: UnitOfWork, page: PageOfChanges, events: CalendarEvent[]): Promise<Written> {
  const { created, others } = page.isFirstRound
    ? await insertEvents(unit, page, events)
    : { created: 0, others: events };
  const merged = others.length > 0 ? await mergeEvents(unit, page, others) : nothingMerged;
  await recordMoves(unit, page, merged.moved);
  return {
    created: created + merged.created,
    updated: merged.updated,
    unchanged: merged.known - merged.updated,
    seen: created + merged.seen,
  };
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

async function recordMoves(unit: UnitOfWork, page: PageOfChanges, moved: MovedAppointment[]): Promise<void> {
  await recordForAppointments(unit, {
    eventType: "appointment_time_changed_by_sync",
    correlationId: page.correlationId,
    appointments: moved.map((row) => ({
      id: row.id,
      metadata: {
        old_starts_at: iso(row.old_start),
        old_ends_at: iso(row.old_end),
        new_starts_at: iso(row.new_start),
        new_ends_at: iso(row.new_end),
      },
    })),
  });
}

function iso(text: string): string {
  return new Date(text).toISOString();
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
