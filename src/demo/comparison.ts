import { sql } from "kysely";
import { insideRange } from "../appointments/time-range.js";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import type { Occurrence } from "../simulator/occurrences.js";
import { demoFirmId } from "./seed.js";

export interface ComparedConnection {
  id: string;
  provider: "GOOGLE" | "MICROSOFT";
  name: string;
  /** Stored, not cancelled, in the connection's window. */
  appointments: number;
  /** How many of what is stored or at the provider is the same in both, and how many are not. */
  equal: number;
  different: number;
  hasSynced: boolean;
  /** The newest open failure; null where nothing is wrong. */
  failure: string | null;
}

interface ConnectionRow {
  id: string;
  provider: "GOOGLE" | "MICROSOFT";
  calendar_name: string;
  account_email: string;
  calendar_id: string;
  window_start: string | null;
  window_end: string | null;
  failure: string | null;
}

/** What a calendar, named as in the provider's API, should show between two instants. */
export type ProviderOccurrences = (
  account: string,
  calendar: string,
  from: Date,
  to: Date,
) => readonly Occurrence[] | Promise<readonly Occurrence[]>;

/** Each connection of the demo firm, and whether its stored appointments equal, one by one, what its provider has. */
export async function compareConnections(
  em: EntityManager,
  provider: ProviderOccurrences,
): Promise<ComparedConnection[]> {
  return inFirm(demoFirmId, async () => {
    const connections = await connectionRows(em);
    return Promise.all(connections.map((connection) => compare(em, connection, provider)));
  });
}

/** A connection without a cursor has not synced yet: its first round is not over. */
async function connectionRows(em: EntityManager): Promise<ConnectionRow[]> {
  const { rows } = await sql<ConnectionRow>`
    select connection.id, provider, calendar_name, account_email, calendar_id,
      case when cursor is not null then window_start end as window_start, window_end,
      (select error_summary from sync_attempt attempt
        where attempt.firm_id = connection.firm_id and attempt.connection_id = connection.id and attempt.state = 'OPEN'
        order by attempt.id desc limit 1) as failure
    from calendar_connection connection where firm_id = ${demoFirmId} order by connection.id
  `.execute(em.getKysely());
  return rows;
}

async function compare(
  em: EntityManager,
  connection: ConnectionRow,
  provider: ProviderOccurrences,
): Promise<ComparedConnection> {
  const { id, provider: providerName, calendar_name: name, failure } = connection;
  const known = { id, provider: providerName, name, failure };
  if (connection.window_start === null || connection.window_end === null) {
    return { ...known, appointments: 0, equal: 0, different: 0, hasSynced: false };
  }
  const window = { start: new Date(connection.window_start), end: new Date(connection.window_end) };
  const stored = await storedLines(em, id, window);
  const { account_email: account, calendar_id: calendar } = connection;
  const expected = (await provider(account, calendar, window.start, window.end)).map(providerLine);
  return { ...known, appointments: stored.length, ...difference(stored, expected), hasSynced: true };
}

async function storedLines(
  em: EntityManager,
  connectionId: string,
  window: { start: Date; end: Date },
): Promise<string[]> {
  const { rows } = await sql<{
    external_event_id: string;
    title: string;
    starts_at: string;
    ends_at: string;
    is_all_day: boolean;
    status: string;
  }>`
    select external_event_id, title, starts_at, ends_at, is_all_day, status from appointment
    where firm_id = ${demoFirmId} and connection_id = ${connectionId} and status <> 'CANCELLED' and ${insideRange("appointment", window)}
  `.execute(em.getKysely());
  return rows.map((row) =>
    line(row.external_event_id, row.title, row.starts_at, row.ends_at, row.is_all_day, row.status.toLowerCase()),
  );
}

function providerLine(occurrence: Occurrence): string {
  const { id, title, startsAt, endsAt, isAllDay, status } = occurrence;
  return line(id, title, startsAt, endsAt, isAllDay, status);
}

function line(id: string, title: string, startsAt: string, endsAt: string, isAllDay: boolean, status: string): string {
  return JSON.stringify([id, title, new Date(startsAt).getTime(), new Date(endsAt).getTime(), isAllDay, status]);
}

function difference(stored: string[], expected: string[]): { equal: number; different: number } {
  const known = new Set(stored);
  const equal = expected.filter((one) => known.has(one)).length;
  return { equal, different: stored.length + expected.length - 2 * equal };
}
