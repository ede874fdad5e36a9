import { sql } from "kysely";
import { recordForAppointments } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { CalendarEvent, EventContent, EventField } from "../providers/provider.js";
import { applyChanges } from "./apply-changes.js";
import type { ContentRow } from "./local-change.js";

/** What an appointment still has to tell its provider. */
export interface AppointmentToPush {
  id: string;
  externalEventId: string | null;
  /** Null where nobody has asked the provider for an event yet, and for events that are not ours. */
  eventKey: string | null;
  isCancelled: boolean;
  content: EventContent;
  /** Empty where the provider has everything. */
  fields: readonly EventField[];
  /** Of our side's changes, and of the row. */
  localVersion: number;
  rowVersion: string;
}

/** What has become of it at the provider. */
export type PushOutcome =
  | { kind: "event"; event: CalendarEvent; isNew: boolean; isChanged: boolean }
  /** Somebody has removed the event there. */
  | { kind: "gone" }
  /** We have. */
  | { kind: "removed" }
  /** There was nothing to ask. */
  | { kind: "nothing" };

/** What a push did to its appointment, as a run counts it. */
export interface PushCounts {
  created: number;
  updated: number;
  cancelled: number;
  unchanged: number;
  skipped: readonly never[];
}

interface Row extends ContentRow {
  external_event_id: string | null;
  event_key: string | null;
  unpushed_fields: EventField[];
  local_version: number;
  row_version: string;
}

/**
 * What is to be pushed. An event that is to be made gets its key here, to be committed before anybody is asked for it: so an appointment
 * without a key has no event anywhere.
 */
export async function appointmentToPush(unit: UnitOfWork, id: string): Promise<AppointmentToPush> {
  const found = await readRow(unit, id);
  const wantsKey = found?.event_key === null && found.external_event_id === null && found.status !== "CANCELLED";
  const row = wantsKey ? await giveKey(unit, id) : found;
  if (!row) throw new Error(`There is no appointment ${id}`);
  return {
    ...{ id, externalEventId: row.external_event_id, eventKey: row.event_key, isCancelled: row.status === "CANCELLED" },
    content: contentOf(row),
    ...{ fields: row.unpushed_fields, localVersion: row.local_version, rowVersion: row.row_version },
  };
}

const columns = sql`external_event_id, event_key, title, status, starts_at, ends_at, is_all_day, time_zone, unpushed_fields,
  local_version, xmin::text as row_version`;

async function readRow({ em, firmId }: UnitOfWork, id: string): Promise<Row | undefined> {
  const { rows } = await prepared(
    em,
    sql<Row>`select ${columns} from appointment where firm_id = ${firmId} and id = ${id}`,
  );
  return rows[0];
}

/** Unless it has been given one meanwhile, or its event. */
async function giveKey(unit: UnitOfWork, id: string): Promise<Row | undefined> {
  const give = sql<Row>`
    update appointment set event_key = gen_random_uuid()
    where firm_id = ${unit.firmId} and id = ${id} and event_key is null and external_event_id is null and status <> 'CANCELLED'
    returning ${columns}
  `;
  const { rows } = await prepared(unit.em, give);
  return rows[0] ?? readRow(unit, id);
}

function contentOf(row: ContentRow): EventContent {
  return {
    title: row.title,
    isTentative: row.status === "TENTATIVE",
    startsAt: new Date(row.starts_at).toISOString(),
    endsAt: new Date(row.ends_at).toISOString(),
    isAllDay: row.is_all_day,
    timeZone: row.time_zone,
  };
}

/** A new key, since the provider has an event of somebody else under the old one. */
export async function renewEventKey(unit: UnitOfWork, { id, eventKey }: AppointmentToPush): Promise<void> {
  await sql`
    update appointment set event_key = gen_random_uuid() where firm_id = ${unit.firmId} and id = ${id} and event_key = ${eventKey}
  `.execute(unit.em.getKysely());
}

/**
 * Stores what a push has come to. Fields are pushed unless our side has changed the appointment again meanwhile. What the provider tells is
 * taken over, so that the next pull finds nothing new, unless a pull has written the row meanwhile: that may be newer, and our
 * change of the event comes with the next pull anyway.
 */
export async function storePushed(
  unit: UnitOfWork,
  where: { connectionId: string; correlationId: string },
  pushed: AppointmentToPush,
  outcome: PushOutcome,
): Promise<PushCounts> {
  const isCurrent = (await rowVersion(unit, pushed.id)) === pushed.rowVersion;
  switch (outcome.kind) {
    case "nothing":
      await settle(unit, pushed);
      return { ...noCounts, unchanged: 1 };
    case "removed":
      await settle(unit, pushed);
      return { ...noCounts, cancelled: 1 };
    case "gone":
      await settle(unit, pushed);
      return { ...noCounts, ...(await cancelGone(unit, where, pushed)) };
    case "event": {
      const { event, isNew, isChanged } = outcome;
      const duplicates = await takeEvent(unit, where, pushed, event);
      await settle(unit, pushed);
      const applied = isCurrent ? (await applyChanges(unit, pageOf(unit, where, event))).updated : 0;
      if (isNew) return { ...noCounts, created: 1, cancelled: duplicates };
      const updated = Number(isChanged || applied > 0);
      return { ...noCounts, updated, unchanged: 1 - updated, cancelled: duplicates };
    }
  }
}

const noCounts: PushCounts = { created: 0, updated: 0, cancelled: 0, unchanged: 0, skipped: [] };

/** Locks the appointment until the transaction ends. */
async function rowVersion(unit: UnitOfWork, id: string): Promise<string | undefined> {
  const { rows } = await prepared(
    unit.em,
    sql<{ version: string }>`
    select xmin::text as version from appointment where firm_id = ${unit.firmId} and id = ${id} for update
  `,
  );
  return rows[0]?.version;
}

/** What has been pushed is no longer to be pushed, unless our side has changed it again. */
async function settle(unit: UnitOfWork, { id, localVersion }: AppointmentToPush): Promise<void> {
  await prepared(
    unit.em,
    sql`
    update appointment set unpushed_fields = '{}', pushed_at = ${unit.now}::timestamptz
    where firm_id = ${unit.firmId} and id = ${id} and local_version = ${localVersion} and unpushed_fields <> '{}'
  `,
  );
}

/**
 * The event is the appointment's. A pull that did not know its key may have made a second appointment of it: that one is called off and
 * loses the event, but stays as a row, because runs, attempts and audit name it. Returns how many live ones there were.
 */
async function takeEvent(
  unit: UnitOfWork,
  { connectionId, correlationId }: { connectionId: string; correlationId: string },
  { id, externalEventId }: AppointmentToPush,
  event: CalendarEvent,
): Promise<number> {
  if (externalEventId === event.externalEventId) return 0;
  const kysely = unit.em.getKysely();
  const { rows } = await sql<{ id: string; was_live: boolean }>`
    with other as (
      select id, status <> 'CANCELLED' as was_live from appointment
      where firm_id = ${unit.firmId} and connection_id = ${connectionId} and external_event_id = ${event.externalEventId} and id <> ${id}
      for update
    )
    update appointment set external_event_id = null, recurring_event_id = null, unpushed_fields = '{}', status = 'CANCELLED',
      status_reason = case when was_live then 'DUPLICATE' else status_reason end
    from other where appointment.firm_id = ${unit.firmId} and appointment.id = other.id
    returning appointment.id, was_live
  `.execute(kysely);
  const live = rows.filter((row) => row.was_live);
  await recordForAppointments(unit, {
    eventType: "appointment_cancelled_by_sync",
    correlationId,
    appointments: live.map((row) => ({ id: row.id, metadata: { reason: "duplicate", duplicate_of: id } })),
  });
  await sql`
    update appointment set external_event_id = ${event.externalEventId}, pushed_at = ${unit.now}::timestamptz
    where firm_id = ${unit.firmId} and id = ${id} and external_event_id is distinct from ${event.externalEventId}
  `.execute(kysely);
  return live.length;
}

/** A removal at the provider wins over our change; over our own cancellation it changes nothing. */
async function cancelGone(
  unit: UnitOfWork,
  { correlationId }: { correlationId: string },
  { id }: AppointmentToPush,
): Promise<Pick<PushCounts, "cancelled" | "unchanged">> {
  const { rows } = await sql<{ id: string }>`
    update appointment set status = 'CANCELLED', status_reason = 'REMOVED_AT_PROVIDER', unpushed_fields = '{}'
    where firm_id = ${unit.firmId} and id = ${id} and status <> 'CANCELLED' returning id
  `.execute(unit.em.getKysely());
  await recordForAppointments(unit, {
    eventType: "appointment_cancelled_by_sync",
    correlationId,
    appointments: rows.map((row) => ({ id: row.id, metadata: { reason: "removed_at_provider" } })),
  });
  return { cancelled: rows.length, unchanged: 1 - rows.length };
}

/** The event alone, known already: no range, nothing noted. */
function pageOf(unit: UnitOfWork, where: { connectionId: string; correlationId: string }, event: CalendarEvent) {
  return {
    ...where,
    changes: [{ kind: "event", event } as const],
    range: { start: unit.now, end: unit.now },
    notedForRun: null,
    isFirstRound: false,
  };
}
