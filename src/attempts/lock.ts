import { sql } from "kysely";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { findRow } from "../database/entity-rows.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";

/** Deeds lock the connection first and its runs after it, so that two of them wait for each other instead of deadlocking. */
export async function lockConnection(unit: UnitOfWork, connectionId: string): Promise<CalendarConnection | null> {
  const found = await findRow(
    unit.em,
    { connection: CalendarConnection },
    sql`from calendar_connection connection where firm_id = ${unit.firmId} and id = ${connectionId} for update`,
  );
  return found?.connection ?? null;
}

export async function lockRun(unit: UnitOfWork, runId: string): Promise<SyncRun | null> {
  const found = await findRow(
    unit.em,
    { run: SyncRun },
    sql`from sync_run run where firm_id = ${unit.firmId} and id = ${runId} for update`,
  );
  return found?.run ?? null;
}

/** A run and its connection, both locked. */
export interface LockedRun {
  connection: CalendarConnection;
  run: SyncRun;
}

const runAndConnection = sql`sync_run run
  join calendar_connection connection on connection.firm_id = run.firm_id and connection.id = run.connection_id`;

/**
 * Null where there is no such run. PostgreSQL locks the rows in the order in which they are named, and gives them as they are once it
 * has locked them.
 */
export function lockRunAndConnection(unit: UnitOfWork, runId: string): Promise<LockedRun | null> {
  return findRow(
    unit.em,
    { connection: CalendarConnection, run: SyncRun },
    sql`from ${runAndConnection} where run.firm_id = ${unit.firmId} and run.id = ${runId} for update of connection, run`,
  );
}

/** Likewise, with the run's last attempt, locked as well. Null where no attempt at it has begun. */
export function lockLastAttempt(
  unit: UnitOfWork,
  runId: string,
): Promise<(LockedRun & { attempt: SyncAttempt }) | null> {
  return findRow(
    unit.em,
    { connection: CalendarConnection, run: SyncRun, attempt: SyncAttempt },
    sql`from ${runAndConnection} join sync_attempt attempt on attempt.firm_id = run.firm_id and attempt.id = run.last_attempt_id
      where run.firm_id = ${unit.firmId} and run.id = ${runId} for update of connection, run, attempt`,
  );
}
