import { sql } from "kysely";
import { recordForAppointments } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { EventChange, KnownEvent } from "../providers/provider.js";
import { knownEvent, type HeldRow } from "./held-events.js";
import { insideRange, type TimeRange } from "./time-range.js";

export interface SweepRequest {
  connectionId: string;
  correlationId: string;
  runId: string;
  /** What the run has counted as seen, page by page. */
  seenCount: number;
  range: TimeRange;
  allowMassCancel: boolean;
  /**
   * What has been pushed since then is left alone, because the round may have been listed before; null where everything that is missing is
   * asked for anyway.
   */
  pushedBefore: Date | null;
}

export type SweepResult = { kind: "SWEPT"; cancelled: number } | RefusedRound;

export type RefusedRound =
  /** The notes do not tell what the run has counted (PostgreSQL crashed meanwhile): the round must start again. */
  { kind: "NOTES_LOST" } | { kind: "REFUSED"; wouldCancel: number; live: number };

const massCancelShare = 0.2;
const massCancelCount = 10;

/**
 * After a complete full round: cancels the live appointments of its range that it has not seen, because a full list tells only what
 * exists. Refuses, unless allowed, to cancel more than 20 % of them and more than 10, or any at all after an empty round:
 * an empty answer is more often a fault than a cleared calendar.
 */
export async function sweep(unit: UnitOfWork, request: SweepRequest): Promise<SweepResult> {
  const swept = await comparing(unit, request, async (): Promise<SweepResult> => {
    const checked = await checkRound(unit, request);
    if (checked.kind !== "COMPLETE") return checked;
    return { kind: "SWEPT", cancelled: checked.missing > 0 ? await cancelMissing(unit, request) : 0 };
  });
  if (swept.kind === "SWEPT") await forgetSeen(unit, request.runId);
  return swept;
}

export type MissingResult = { kind: "MISSING"; events: KnownEvent[] } | RefusedRound;

/** What a complete bounded round has not seen, under the same guard. It may be gone or only have moved: that is to be asked. */
export async function missingEvents(unit: UnitOfWork, request: SweepRequest): Promise<MissingResult> {
  return comparing(unit, request, async () => {
    const checked = await checkRound(unit, request);
    if (checked.kind !== "COMPLETE") return checked;
    return { kind: "MISSING", events: checked.missing > 0 ? await readMissing(unit, request) : [] };
  });
}

const fewNotes = 100;

/**
 * When the first round of a large calendar ends, PostgreSQL has not counted the rows yet that it has brought: it would go through all notes
 * for each appointment. Hashing is what fits many of both, and is never slow.
 */
async function comparing<T>(unit: UnitOfWork, { seenCount }: SweepRequest, compare: () => Promise<T>): Promise<T> {
  if (seenCount <= fewNotes) return compare();
  const kysely = unit.em.getKysely();
  await sql`set local enable_nestloop = off`.execute(kysely);
  const compared = await compare();
  await sql`set local enable_nestloop = on`.execute(kysely);
  return compared;
}

async function checkRound(
  unit: UnitOfWork,
  request: SweepRequest,
): Promise<{ kind: "COMPLETE"; missing: number } | RefusedRound> {
  const counts = await countRound(unit, request);
  if (counts.noted !== request.seenCount) return { kind: "NOTES_LOST" };
  if (!request.allowMassCancel && isMassCancel(counts)) {
    return { kind: "REFUSED", wouldCancel: counts.missing, live: counts.live };
  }
  return { kind: "COMPLETE", missing: counts.missing };
}

async function readMissing(unit: UnitOfWork, request: SweepRequest): Promise<KnownEvent[]> {
  const { rows } = await sql<HeldRow>`
    select external_event_id, recurring_event_id, starts_at, ends_at from appointment
    where ${sweepable(unit, request)} and ${unseen(unit, request)}
  `.execute(unit.em.getKysely());
  return rows.map(knownEvent);
}

/**
 * What a full round has not met, nor the changes of its last page, and that may be there nevertheless, so that each is to be asked for. What
 * lies beyond the window before had moved there, and may have moved on. What was pushed while the round went on may have been made after it was
 * listed, or made and removed before. What waits to be pushed lies where our side wants it; its event may lie elsewhere.
 */
export async function uncertainEvents(
  unit: UnitOfWork,
  request: SweepRequest,
  windowBefore: TimeRange | null,
  lastPage: readonly EventChange[],
): Promise<KnownEvent[]> {
  const isBeyond = windowBefore ? sql`not ${insideRange("appointment", windowBefore)}` : sql`false`;
  const question = sql<HeldRow>`
    select external_event_id, recurring_event_id, starts_at, ends_at from appointment
    where ${sweepable(unit, { ...request, pushedBefore: null })} and ${unseen(unit, request)}
      and (
        ${isBeyond} or appointment.pushed_at >= ${request.pushedBefore}::timestamptz or appointment.unpushed_fields <> '{}'
      )
      and external_event_id <> all(${toldIds(lastPage)}::text[])
  `;
  const { rows } = await comparing(unit, request, () => question.execute(unit.em.getKysely()));
  return rows.map(knownEvent);
}

function toldIds(changes: readonly EventChange[]): string[] {
  return changes.flatMap((change) => {
    if (change.kind === "event") return [change.event.externalEventId];
    return change.kind === "skipped" && change.externalEventId !== null ? [change.externalEventId] : [];
  });
}

/** Drops what a round has noted: it is over, or starts again. */
export async function forgetSeen(unit: UnitOfWork, runId: string): Promise<void> {
  await prepared(unit.em, sql`delete from seen_appointment where firm_id = ${unit.firmId} and run_id = ${runId}`);
}

interface RoundCounts {
  noted: number;
  live: number;
  missing: number;
}

function isMassCancel({ noted, live, missing }: RoundCounts): boolean {
  if (noted === 0) return missing > 0;
  return missing > massCancelCount && missing > massCancelShare * live;
}

async function countRound(unit: UnitOfWork, request: SweepRequest): Promise<RoundCounts> {
  const { rows } = await sql<{ noted: string; live: string; missing: string }>`
    select
      (select count(*) from seen_appointment where firm_id = ${unit.firmId} and run_id = ${request.runId}) as noted,
      count(*) as live,
      count(*) filter (where seen.appointment_id is null) as missing
    from appointment
    left join seen_appointment seen
      on seen.firm_id = appointment.firm_id and seen.run_id = ${request.runId} and seen.appointment_id = appointment.id
    where ${sweepable(unit, request)}
  `.execute(unit.em.getKysely());
  const [counts] = rows;
  return { noted: Number(counts?.noted), live: Number(counts?.live), missing: Number(counts?.missing) };
}

async function cancelMissing(unit: UnitOfWork, request: SweepRequest): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    update appointment set status = 'CANCELLED', status_reason = 'MISSING_AT_PROVIDER', unpushed_fields = '{}', updated_at = ${unit.now}::timestamptz
    where ${sweepable(unit, request)} and ${unseen(unit, request)}
    returning id
  `.execute(unit.em.getKysely());
  await recordForAppointments(unit, {
    eventType: "appointment_cancelled_by_sync",
    correlationId: request.correlationId,
    appointments: rows.map(({ id }) => ({ id, metadata: { reason: "missing_at_provider" } })),
  });
  return rows.length;
}

/** Live appointments that came from this calendar and lie in the round's range. */
function sweepable(unit: UnitOfWork, request: SweepRequest): ReturnType<typeof insideRange> {
  return sql<boolean>`
    appointment.firm_id = ${unit.firmId} and appointment.connection_id = ${request.connectionId}
    and appointment.external_event_id is not null and appointment.status <> 'CANCELLED'
    and coalesce(appointment.pushed_at < ${request.pushedBefore}::timestamptz, appointment.pushed_at is null or ${request.pushedBefore}::timestamptz is null)
    and ${insideRange("appointment", request.range)}
  `;
}

function unseen(unit: UnitOfWork, request: SweepRequest): ReturnType<typeof insideRange> {
  return sql<boolean>`not exists (
    select from seen_appointment seen
    where seen.firm_id = ${unit.firmId} and seen.run_id = ${request.runId} and seen.appointment_id = appointment.id
  )`;
}
