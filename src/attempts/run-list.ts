import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { Conditions } from "../graphql/conditions.js";
import { byId } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { cappedCount, columnsOf, countedRows, type RowOf } from "../graphql/rows.js";
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
    .givenId(filter.appointmentId, parseId, (id) => sql`r.appointment_id = ${id}`);
  const after = request.after === null ? sql`` : sql`and r.id < ${request.after}`;
  // A failed run has an open failure; of a connection there is an index of those, of a firm one of each status.
  const failed =
    filter.connectionId == null
      ? sql`and r.status = 'FAILED'`
      : sql`and r.status = 'FAILED' and r.open_failure_id is not null`;
  const newest = (columns: RawBuilder<unknown>, later: RawBuilder<unknown>, most: number) =>
    ofEachStatus(
      filter.status &&
        [...new Set(filter.status)].map((status) =>
          status === "FAILED" ? failed : sql`and r.status = ${sql.lit(status)}`,
        ),
      (status) => sql`
        select ${columns} from sync_run r where ${matching.sql} ${status} ${later} order by r.id desc limit ${sql.lit(most)}`,
    );
  const rows = await sql<RowOf<SyncRun>>`
    select * from (${newest(columnsOf(em, SyncRun, "r"), after, request.first + 1)}) run
    order by run.id desc limit ${sql.lit(request.first + 1)}
  `.execute(em.getKysely());
  const count = () => cappedCount(em, sql`select from (${newest(sql`r.id`, sql``, countedRows + 1)}) run`);
  return new Page({ rows: rows.rows, request, key, keyOf: ({ id }) => id, count });
}

/**
 * The same select for each of the statuses, which are literals: so each is read in the order of the index that holds it, and no more
 * of it than the page takes.
 */
function ofEachStatus(
  statuses: readonly RawBuilder<unknown>[] | null | undefined,
  select: (status: RawBuilder<unknown>) => RawBuilder<unknown>,
): RawBuilder<unknown> {
  if (statuses == null) return select(sql``);
  if (statuses.length === 0) return select(sql`and false`);
  return sql.join(
    statuses.map((status) => sql`(${select(status)})`),
    sql` union all `,
  );
}

/** The run that a correlation id names; null where the firm has none. */
export async function findRun({ actor, em }: Context, correlationId: string): Promise<RowOf<SyncRun> | null> {
  const query = sql<RowOf<SyncRun>>`
    select ${columnsOf(em, SyncRun, "r")} from sync_run r
    where r.firm_id = ${actor.firmId} and r.correlation_id = ${correlationId}
  `;
  const { rows } = await query.execute(em.getKysely());
  return rows[0] ?? null;
}
