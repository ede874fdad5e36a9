import { sql } from "kysely";
import { connectionHealth } from "../connections/health.js";
import type { EntityManager } from "../database/orm.js";
import { instant, ofFirm } from "./of-firm.js";

export interface ConnectionCount {
  provider: string;
  status: string;
  health: string;
  count: number;
}

export async function connectionCounts(
  em: EntityManager,
  firmId: string | null,
  staleAfterSeconds: number,
): Promise<ConnectionCount[]> {
  const { rows } = await sql<ConnectionCount>`
    select provider, status, health, count(*)::int as count
    from (
      select c.provider, c.status, ${connectionHealth(staleAfterSeconds)} as health
      from calendar_connection c
      join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
      where ${ofFirm("c.firm_id", firmId)}
    ) connection
    group by provider, status, health order by provider, status, health
  `.execute(em.getKysely());
  return rows;
}

export interface SilentConnection {
  firmId: string;
  connectionId: string;
  provider: string;
  /** Null: never. */
  lastSuccessAt: string | null;
  nextPullAt: string | null;
  /** Of the newest open failure; null where there is none. */
  errorCode: string | null;
}

/** Active connections without success for so long, those that have waited longest first, and how many there are in all. */
export async function withoutSuccess(
  em: EntityManager,
  firmId: string | null,
  staleAfterSeconds: number,
  most: number,
): Promise<{ count: number; first: SilentConnection[] }> {
  const { rows } = await sql<{ connection: SilentConnection; count: number }>`
    select json_build_object(
        'firmId', c.firm_id::text, 'connectionId', c.id::text, 'provider', c.provider,
        'lastSuccessAt', ${instant("s.last_successful_sync_at")}, 'nextPullAt', ${instant("c.next_pull_at")},
        'errorCode', (
          select a.error_code from sync_attempt a
          where a.firm_id = c.firm_id and a.connection_id = c.id and a.state = 'OPEN' order by a.id desc limit 1
        )
      ) as connection,
      count(*) over ()::int as count
    from calendar_connection c
    join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    where ${ofFirm("c.firm_id", firmId)} and c.status = 'ACTIVE'
      and coalesce(s.last_successful_sync_at, c.created_at) < now() - make_interval(secs => ${staleAfterSeconds})
    order by coalesce(s.last_successful_sync_at, c.created_at), c.firm_id, c.id limit ${most}
  `.execute(em.getKysely());
  return { count: rows[0]?.count ?? 0, first: rows.map(({ connection }) => connection) };
}

/** How many connections are pulled less often because they fail all the time. */
export async function openCircuits(em: EntityManager, firmId: string | null): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from calendar_connection
    where circuit_opened_at is not null and ${ofFirm("firm_id", firmId)}
  `.execute(em.getKysely());
  return rows[0]?.count ?? 0;
}
