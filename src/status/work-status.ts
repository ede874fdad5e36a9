import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import { instant, ofFirm } from "./of-firm.js";

export interface RunCount {
  status: string;
  count: number;
  oldestAt: string | null;
}

/** Runs that have not ended, and those that have within the last hour. */
export async function runCounts(em: EntityManager, firmId: string | null): Promise<RunCount[]> {
  const { rows } = await sql<RunCount>`
    select status, count(*)::int as count, ${instant("min(created_at)")} as "oldestAt"
    from sync_run
    where (status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD') or finished_at > now() - interval '1 hour')
      and ${ofFirm("firm_id", firmId)}
    group by status
    order by array_position(array['QUEUED', 'RUNNING', 'RETRYING', 'HELD', 'SUCCEEDED', 'FAILED', 'CANCELLED'], status)
  `.execute(em.getKysely());
  return rows;
}

export interface QueueDepth {
  /** Jobs that a worker may start now, and since when the oldest of them could have been started. */
  due: number;
  oldestDueSeconds: number | null;
  /** Jobs whose time has not come. */
  later: number;
  underWay: number;
}

export async function queueDepth(em: EntityManager, firmId: string | null): Promise<QueueDepth> {
  const { rows } = await sql<QueueDepth>`
    select count(*) filter (where state < 'active' and start_after <= now())::int as due,
      round(extract(epoch from now() - min(greatest(start_after, created_on)) filter (where state < 'active' and start_after <= now())))::int
        as "oldestDueSeconds",
      count(*) filter (where state < 'active' and start_after > now())::int as later,
      count(*) filter (where state = 'active')::int as "underWay"
    from ${sql.table(`${queueSchema}.job`)}
    where name = ${syncQueue} and state <= 'active' and ${ofFirm("(data ->> 'firmId')::bigint", firmId)}
  `.execute(em.getKysely());
  return rows[0] ?? { due: 0, oldestDueSeconds: null, later: 0, underWay: 0 };
}

export interface OpenFailures {
  errorCode: string;
  errorClass: string;
  count: number;
  connections: number;
  /** How many of them are not tried again by themselves. */
  usedUp: number;
  newestAt: string | null;
}

export async function openFailures(em: EntityManager, firmId: string | null): Promise<OpenFailures[]> {
  const { rows } = await sql<OpenFailures>`
    select error_code as "errorCode", error_class as "errorClass", count(*)::int as count,
      count(distinct (firm_id, connection_id))::int as connections,
      count(*) filter (where max_retries_reached)::int as "usedUp", ${instant("max(finished_at)")} as "newestAt"
    from sync_attempt where state = 'OPEN' and ${ofFirm("firm_id", firmId)}
    group by error_code, error_class order by count(*) desc, error_code
  `.execute(em.getKysely());
  return rows;
}
