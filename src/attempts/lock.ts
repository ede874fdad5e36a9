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

/** Locks the connection of a run and the run; null where there is no such run. */
export async function lockRunAndConnection(
  unit: UnitOfWork,
  runId: string,
): Promise<{ connection: CalendarConnection; run: SyncRun } | null> {
  const { rows } = await sql<{ connection_id: string }>`
    select connection_id from sync_run where firm_id = ${unit.firmId} and id = ${runId}
  `.execute(unit.em.getKysely());
  const connection = rows[0] ? await lockConnection(unit, rows[0].connection_id) : null;
  const run = connection ? await lockRun(unit, runId) : null;
  return connection && run ? { connection, run } : null;
}
