import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { EventChange, KnownEvent } from "../providers/provider.js";

export interface HeldRow {
  external_event_id: string;
  recurring_event_id: string | null;
  starts_at: string;
  ends_at: string;
}

/**
 * The live appointments of a connection that a page of changes calls missing, by their own id or their series', except those that
 * the page itself tells: what has become of the others is not known yet.
 */
export async function heldEvents(
  unit: UnitOfWork,
  connectionId: string,
  changes: readonly EventChange[],
): Promise<KnownEvent[]> {
  const missing = changes.flatMap((change) => (change.kind === "missing" ? [change.externalEventId] : []));
  const told = changes.flatMap((change) => (change.kind === "event" ? [change.event.externalEventId] : []));
  const { rows } = await sql<HeldRow>`
    select external_event_id, recurring_event_id, starts_at, ends_at from appointment
    where firm_id = ${unit.firmId} and connection_id = ${connectionId} and status <> 'CANCELLED'
      and (external_event_id = any(${missing}::text[]) or recurring_event_id = any(${missing}::text[]))
      and external_event_id <> all(${told}::text[])
  `.execute(unit.em.getKysely());
  return rows.map(knownEvent);
}

export function knownEvent(row: HeldRow): KnownEvent {
  return {
    externalEventId: row.external_event_id,
    recurringEventId: row.recurring_event_id,
    startsAt: new Date(row.starts_at),
    endsAt: new Date(row.ends_at),
  };
}

/** One appointment's event, with what tells whether the row has changed since. */
export interface VersionedEvent {
  event: KnownEvent;
  version: string;
}

/**
 * Locks the appointment until the transaction ends, so that the version still holds when something is written.
 * @throws Error when the appointment has no event any more
 */
export async function ownEvent(unit: UnitOfWork, appointmentId: string): Promise<VersionedEvent> {
  const { rows } = await prepared(
    unit.em,
    sql<HeldRow & { version: string }>`
    select external_event_id, recurring_event_id, starts_at, ends_at, xmin::text as version from appointment
    where firm_id = ${unit.firmId} and id = ${appointmentId} and external_event_id is not null
    for update
  `,
  );
  const [row] = rows;
  if (!row) throw new Error(`Appointment ${appointmentId} has no event`);
  return { event: knownEvent(row), version: row.version };
}
