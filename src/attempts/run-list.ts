import { sql } from "kysely";
import type { Context } from "../context.js";
import { read } from "../database/prepared-reads.js";
import { Conditions } from "../graphql/conditions.js";
import { byId } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { cappedCount, columnsOf, type RowOf } from "../graphql/rows.js";
import { parseId } from "../id.js";
import { SyncRun } from "./sync-run.entity.js";
import type { SyncRunStatus } from "./sync.enums.js";

export interface RunFilter {
  connectionId?: string | null | undefined;
  appointmentId?: string | null | undefined;
  status?: SyncRunStatus[] | null | undefined;
}

const key = byId("syncRuns");

/** Runs, newest first. */
export async function listRuns(
  context: Context,
  filter: RunFilter,
  page: PageArguments,
): Promise<Page<RowOf<SyncRun>, string>> {
  const request = pageRequest(page, key);
  const { actor, em } = context;
  const matching = new Conditions()
    .and(sql`r.firm_id = ${actor.firmId}`)
    .givenId(filter.connectionId, parseId, (id) => sql`r.connection_id = ${id}`)
    .givenId(filter.appointmentId, parseId, (id) => sql`r.appointment_id = ${id}`)
    .given(filter.status, (statuses) => sql`r.status = any(${statuses}::text[])`);
  const query = sql<RowOf<SyncRun>>`
    select ${columnsOf(em, SyncRun, "r")} from sync_run r
    where ${matching.sql} ${request.after === null ? sql`` : sql`and r.id < ${request.after}`}
    order by r.id desc limit ${request.first + 1}
  `;
  const rows = await read(em, query);
  const count = () => cappedCount(em, sql`select from sync_run r where ${matching.sql}`);
  return new Page({ rows, request, key, keyOf: ({ id }) => id, count });
}

/** The run that a correlation id names; null where the firm has none. */
export async function findRun({ actor, em }: Context, correlationId: string): Promise<RowOf<SyncRun> | null> {
  const query = sql<RowOf<SyncRun>>`
    select ${columnsOf(em, SyncRun, "r")} from sync_run r
    where r.firm_id = ${actor.firmId} and r.correlation_id = ${correlationId}
  `;
  const rows = await read(em, query);
  return rows[0] ?? null;
}
