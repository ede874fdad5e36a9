import { sql, type RawBuilder } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";

/** A line that keeps its firm from being imported. */
export interface RefusedLine {
  fileNumber: number;
  lineNumber: number;
  reason: string;
  /** The line that it repeats. */
  repeats: { fileNumber: number; lineNumber: number } | null;
}

export interface RefusedLines {
  count: number;
  /** The first of them. */
  lines: RefusedLine[];
}

/** As many of a firm's refused lines are told; beyond that they are counted. */
const mostTold = 1_000;

interface RefusedRow {
  file_number: number;
  line_number: string;
  reason: string;
  repeated_file: number | null;
  repeated_line: string | null;
  refused: string;
}

/**
 * What stands against importing the firm: lines that are wrong by themselves, that contradict each other, or that contradict what is
 * stored. A line whose row is stored under its id already is no contradiction, whatever has become of the row since.
 */
export async function refusedLines({ em, firmId }: UnitOfWork): Promise<RefusedLines> {
  const { rows } = await sql<RefusedRow>`
    select refused_line.*, count(*) over () as refused from (
      ${sql.join(checks(firmId), sql` union all `)}
    ) refused_line
    order by file_number, line_number limit ${mostTold}
  `.execute(em.getKysely());
  return { count: Number(rows[0]?.refused ?? 0), lines: rows.map(refusedLine) };
}

/** Lines that are wrong and do not tell their firm: they may belong to any. */
export const faultsOfNoFirm = sql<RefusedRow>`
  select file_number, line_number, reason, null::int as repeated_file, null::bigint as repeated_line, count(*) over () as refused
  from staged_fault where firm_id is null order by file_number, line_number limit ${mostTold}
`;

export function refusedLine(row: RefusedRow): RefusedLine {
  const isRepetition = row.repeated_file !== null;
  return {
    fileNumber: row.file_number,
    lineNumber: Number(row.line_number),
    reason: row.reason,
    repeats: isRepetition ? { fileNumber: row.repeated_file ?? 0, lineNumber: Number(row.repeated_line) } : null,
  };
}

type Check = RawBuilder<RefusedRow>;

function checks(firmId: string): Check[] {
  return [
    sql`select file_number, line_number, reason, null::int as repeated_file, null::bigint as repeated_line from staged_fault where firm_id = ${firmId}`,
    unknownFirm(firmId),
    repeated(firmId, "firm", "firm_id", "the same firm"),
    repeated(firmId, "connection", "id", "the same id"),
    repeated(firmId, "connection", calendarOf("staged"), "the same calendar"),
    repeated(firmId, "appointment", "id", "the same id"),
    repeated(firmId, "appointment", "connection_id, external_event_id", "the same event"),
    repeated(firmId, "attempt", "id", "the same id"),
    ...takenConnections(firmId),
    ...takenAppointments(firmId),
    takenAttempts(firmId),
    unknownConnections(firmId, "appointment"),
    unknownConnections(firmId, "attempt"),
    unknownAppointments(firmId),
    contradiction(
      "attempt",
      sql`'attempt ' || line.id || ': it has not finished yet'`,
      sql`where line.firm_id = ${firmId} and line.finished_at > now()`,
    ),
  ];
}

/** `against` is SQL for what stands in its way, of `line` and, where it says so, `stored`. */
function contradiction(table: string, reason: RawBuilder<string>, against: RawBuilder<unknown>): Check {
  return sql`
    select line.file_number, line.line_number, ${reason} as reason, null, null
    from ${sql.ref(`staged_${table}`)} line ${against}
  `;
}

/** Told once, at the first of its lines. */
function unknownFirm(firmId: string): Check {
  return sql`
    select line.*, 'firm ' || ${firmId} || ' has no line and is not in the database', null, null from (
      select file_number, line_number from staged_connection where firm_id = ${firmId}
      union all select file_number, line_number from staged_appointment where firm_id = ${firmId}
      union all select file_number, line_number from staged_attempt where firm_id = ${firmId}
      order by 1, 2 limit 1
    ) line
    where not exists (select from staged_firm where firm_id = ${firmId}) and not exists (select from firm where id = ${firmId})
      and not exists (select from staged_fault where firm_id = ${firmId})
  `; // a line of the firm's own that is wrong is told already
}

/** `key` is SQL, of `staged`; lines without a part of it repeat none. */
function repeated(firmId: string, table: string, key: string, what: string): Check {
  const name = table === "firm" ? sql`'firm ' || firm_id` : sql`${`${table} `} || id`;
  return sql`
    select file_number, line_number, ${name} || ${`: ${what} stands in`}, first_file, first_line from (
      select *, row_number() over same as copy, first_value(file_number) over same as first_file, first_value(line_number) over same as first_line
      from ${sql.ref(`staged_${table}`)} staged where firm_id = ${firmId} and (${sql.raw(key)}) is not null
      window same as (partition by ${sql.raw(key)} order by file_number, line_number)
    ) line where copy > 1
  `;
}

/**
 * What a calendar is known by, as SQL: addresses of accounts do not differ by case, and Google's main calendar, which may be called primary,
 * has its account's address for an id.
 */
function calendarOf(table: string): string {
  const isMain = `lower(${table}.provider) = 'google' and lower(${table}.calendar_id) = lower(${table}.account_email)`;
  return `upper(${table}.provider), lower(${table}.account_email), case when ${isMain} then 'primary' else ${table}.calendar_id end`;
}

function takenConnections(firmId: string): Check[] {
  const [line, stored] = [sql.raw(`(${calendarOf("line")})`), sql.raw(`(${calendarOf("stored")})`)];
  return [
    contradiction(
      "connection",
      sql`'connection ' || line.id || ': this id is another calendar''s here'`,
      sql`join calendar_connection stored on stored.firm_id = line.firm_id and stored.id = line.id
        where line.firm_id = ${firmId} and ${stored} <> ${line}`,
    ),
    contradiction(
      "connection",
      sql`'connection ' || line.id || ': its calendar is connection ' || stored.id || ' here'`,
      sql`join calendar_connection stored on stored.firm_id = line.firm_id and ${stored} = ${line} and stored.id <> line.id
        where line.firm_id = ${firmId}`,
    ),
  ];
}

function takenAppointments(firmId: string): Check[] {
  return [
    contradiction(
      "appointment",
      sql`'appointment ' || line.id || ': this id is another appointment''s here'`,
      sql`join appointment stored on stored.firm_id = line.firm_id and stored.id = line.id
        where line.firm_id = ${firmId}
          and (stored.connection_id, stored.external_event_id) is distinct from (line.connection_id, line.external_event_id)`,
    ),
    contradiction(
      "appointment",
      sql`'appointment ' || line.id || ': its event is appointment ' || stored.id || ' here'`,
      sql`join appointment stored on stored.firm_id = line.firm_id and stored.connection_id = line.connection_id
          and stored.external_event_id = line.external_event_id and stored.id <> line.id
        where line.firm_id = ${firmId}`,
    ),
  ];
}

function takenAttempts(firmId: string): Check {
  return contradiction(
    "attempt",
    sql`'attempt ' || line.id || ': this id is another attempt''s here'`,
    sql`join sync_attempt stored on stored.firm_id = line.firm_id and stored.id = line.id
      where line.firm_id = ${firmId} and (stored.connection_id, stored.operation, stored.direction, stored.started_at)
        <> (line.connection_id, upper(line.operation), upper(line.direction), line.started_at)`,
  );
}

function unknownConnections(firmId: string, table: string): Check {
  return contradiction(
    table,
    sql`${`${table} `} || line.id || ': the firm has no connection ' || line.connection_id`,
    sql`where line.firm_id = ${firmId} and line.connection_id is not null
      and not exists (select from staged_connection known where known.firm_id = line.firm_id and known.id = line.connection_id)
      and not exists (select from calendar_connection known where known.firm_id = line.firm_id and known.id = line.connection_id)`,
  );
}

function unknownAppointments(firmId: string): Check {
  return contradiction(
    "attempt",
    sql`'attempt ' || line.id || ': the firm has no appointment ' || line.appointment_id`,
    sql`where line.firm_id = ${firmId} and line.appointment_id is not null
      and not exists (select from staged_appointment known where known.firm_id = line.firm_id and known.id = line.appointment_id)
      and not exists (select from appointment known where known.firm_id = line.firm_id and known.id = line.appointment_id)`,
  );
}
