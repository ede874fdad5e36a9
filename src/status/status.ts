import { IsolationLevel } from "@mikro-orm/core";
import { sql } from "kysely";
import type { Database, EntityManager } from "../database/orm.js";
import { connectionCounts, openCircuits, withoutSuccess } from "./connection-status.js";
import { processes, providerQuotas, providerTraffic } from "./provider-status.js";
import { openFailures, queueDepth, runCounts } from "./work-status.js";

export interface StatusRequest {
  /** Null: over all firms. What firms share (providers, quotas, processes) is told in any case. */
  firmId: string | null;
  /** A connection without success for so long is told of. */
  staleAfterSeconds: number;
}

/** What an operator wants to know of a running installation: ids, codes, counts and times, nothing about people. */
export type Status = Awaited<ReturnType<typeof readStatus>>;

/** Connections told of one by one; the others are counted. */
const mostConnections = 20;

const longestStatementMs = 60_000;

/** Everything as of one moment, on the system login, read only. */
export function readStatus(systemDatabase: Database, request: StatusRequest) {
  return systemDatabase.em
    .fork()
    .transactional((em) => read(em, request), { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true });
}

async function read(em: EntityManager, { firmId, staleAfterSeconds }: StatusRequest) {
  await sql`select set_config('statement_timeout', ${String(longestStatementMs)}, true)`.execute(em.getKysely());
  return {
    asOf: await snapshotTime(em),
    firmId,
    connections: await connectionCounts(em, firmId, staleAfterSeconds),
    withoutSuccess: await withoutSuccess(em, firmId, staleAfterSeconds, mostConnections),
    openCircuits: await openCircuits(em, firmId),
    runs: await runCounts(em, firmId),
    queue: await queueDepth(em, firmId),
    openFailures: await openFailures(em, firmId),
    providers: await providerTraffic(em),
    quotas: await providerQuotas(em),
    processes: await processes(em),
  };
}

async function snapshotTime(em: EntityManager): Promise<string> {
  const { rows } = await sql<{ now: string }>`select now()::timestamptz(3) as now`.execute(em.getKysely());
  return new Date(String(rows[0]?.now)).toISOString();
}
