import { LockMode } from "@mikro-orm/core";
import { sql } from "kysely";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { SyncRun } from "./sync-run.entity.js";

/** Deeds lock the connection first and its runs after it, so that two of them wait for each other instead of deadlocking. */
export async function lockConnection(unit: UnitOfWork, connectionId: string): Promise<CalendarConnection | null> {
  return unit.em.findOne(
    CalendarConnection,
    { firmId: unit.firmId, id: connectionId },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

export async function lockRun(unit: UnitOfWork, runId: string): Promise<SyncRun | null> {
  return unit.em.findOne(SyncRun, { firmId: unit.firmId, id: runId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
}

/** A run and its connection, both locked. */
export interface LockedRun {
  connection: CalendarConnection;
  run: SyncRun;
}

/** Null where there is no such run. */
export async function lockRunAndConnection(unit: UnitOfWork, runId: string): Promise<LockedRun | null> {
  const { rows } = await sql<{ connection_id: string }>`
    select connection_id from sync_run where firm_id = ${unit.firmId} and id = ${runId}
  `.execute(unit.em.getKysely());
  return rows[0] ? lockRunOf(unit, rows[0].connection_id, runId) : null;
}

/** Likewise, of a run whose connection is known: a run never changes it. */
export async function lockRunOf(unit: UnitOfWork, connectionId: string, runId: string): Promise<LockedRun | null> {
  const connection = await lockConnection(unit, connectionId);
  const run = connection ? await lockRun(unit, runId) : null;
  return connection && run ? { connection, run } : null;
}
