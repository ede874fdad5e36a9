import { sql } from "kysely";
import type { Logger } from "pino";
import { closeCancelled, closeStopped, type Engine } from "../attempts/close-attempt.js";
import { lockRunAndConnection } from "../attempts/lock.js";
import type { RetryPolicy } from "../attempts/retry-policy.js";
import { SyncAttempt } from "../attempts/sync-attempt.entity.js";
import { outageLimits } from "../connections/outage-limits.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { Database } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { ProviderTraffic } from "../sync/provider-traffic.js";
import { createBoss, PgBossRunQueue } from "../sync/queue.js";
import { RunWatcher } from "../sync/run-watcher.js";

export interface AfterRestoreOptions {
  /** On the application's login. */
  database: Database;
  /** On the system login. */
  systemDatabase: Database;
  appUrl: string;
  systemUrl: string;
  policy: RetryPolicy;
  log: Logger;
}

/** What was set right, over all firms. */
export interface SetRight {
  firms: number;
  cursorsDropped: number;
  runsClosed: number;
}

/** Workers hold leases on the database: what they have under way is not to be closed. */
export class WorkersRunningError extends Error {
  constructor(workers: number) {
    super(
      `${workers === 1 ? "a worker works" : `${workers} workers work`} on this database: stop every server first (a killed one counts for 15 seconds)`,
    );
  }
}

/**
 * What a database needs that has come out of a backup, before servers work on it: its cursors are dropped, so that the next pull of
 * each connection compares everything with the provider; access tokens are dropped, since others have been given out since; rounds
 * that were under way begin again; runs whose workers are those of another time are closed and go back to the queue. A transaction a
 * firm; safe to repeat. @throws WorkersRunningError
 */
export async function setRightAfterRestore(options: AfterRestoreOptions): Promise<SetRight> {
  const { database, systemDatabase, appUrl, systemUrl, policy, log } = options;
  await requireNoWorkers(systemDatabase);
  const boss = createBoss(systemUrl, false, log);
  await boss.start();
  try {
    const queue = new PgBossRunQueue(boss, new RunWatcher(database.em, appUrl, log));
    const gate = new ProviderTraffic(systemDatabase.em, outageLimits, log);
    const engine: Engine = { policy, queue, gate, limits: outageLimits };
    const total = { firms: 0, cursorsDropped: 0, runsClosed: 0 };
    for (const firmId of await firmIds(systemDatabase)) {
      const done = await unitOfWork(database.em, firmId, (unit) => setFirmRight(unit, engine));
      total.firms += 1;
      total.cursorsDropped += done.cursorsDropped;
      total.runsClosed += done.runsClosed;
    }
    return total;
  } finally {
    await boss.stop({ graceful: false });
  }
}

async function requireNoWorkers({ em }: Database): Promise<void> {
  const { rows } = await sql<{ workers: number }>`
    select count(*)::int as workers from across_firms.worker_process where lease_ends_at > now()
  `.execute(em.fork().getKysely());
  const workers = rows[0]?.workers ?? 0;
  if (workers > 0) throw new WorkersRunningError(workers);
}

async function firmIds({ em }: Database): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from firm order by id`.execute(em.fork().getKysely());
  return rows.map(({ id }) => id);
}

async function setFirmRight(unit: UnitOfWork, engine: Engine): Promise<Omit<SetRight, "firms">> {
  // The lock on connections comes before that on their runs, as everywhere.
  const cursorsDropped = await dropCursors(unit);
  await dropAccessTokens(unit);
  await beginRoundsAnew(unit);
  const running = await runningRuns(unit);
  for (const runId of running) await closeRunning(unit, runId, engine);
  return { cursorsDropped, runsClosed: running.length };
}

async function dropCursors({ em, firmId }: UnitOfWork): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update calendar_connection set cursor = null, cursor_fingerprint = null where firm_id = ${firmId} and cursor is not null
  `.execute(em.getKysely());
  return Number(numAffectedRows);
}

async function dropAccessTokens({ em, firmId }: UnitOfWork): Promise<void> {
  await sql`
    update calendar_credential set access_token = null, access_token_expires_at = null,
      refresh_lease_id = null, refresh_lease_ends_at = null
    where firm_id = ${firmId} and (access_token is not null or refresh_lease_id is not null)
  `.execute(em.getKysely());
}

/** Where the provider was to go on is of another time, and so is what the round had seen. */
async function beginRoundsAnew({ em, firmId }: UnitOfWork): Promise<void> {
  const unfinished = sql`firm_id = ${firmId} and status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD')`;
  await sql`
    delete from seen_appointment where firm_id = ${firmId} and run_id in (select id from sync_run where ${unfinished})
  `.execute(em.getKysely());
  await sql`
    update sync_run set is_full_round = false, page_token = null, round_start = null, round_end = null, seen_count = 0,
      pages_done = 0, unchanged_count = 0, skipped_count = 0, skipped_events = '[]'
    where ${unfinished} and (is_full_round or page_token is not null)
  `.execute(em.getKysely());
}

async function runningRuns({ em, firmId }: UnitOfWork): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from sync_run where firm_id = ${firmId} and status = 'RUNNING' order by connection_id, id
  `.execute(em.getKysely());
  return rows.map(({ id }) => id);
}

/** As a worker closes what it has under way when it is stopped: the retry count stays, the next attempt is due at once. */
async function closeRunning(unit: UnitOfWork, runId: string, engine: Engine): Promise<void> {
  const locked = await lockRunAndConnection(unit, runId);
  if (!locked) return;
  const attempt = await unit.em.findOneOrFail(SyncAttempt, {
    firmId: unit.firmId,
    id: String(locked.run.lastAttemptId),
  });
  const statistics = new StatisticsChange();
  const closing = { unit, ...locked, attempt, statistics };
  const close = locked.run.cancelRequestedById === null ? closeStopped : closeCancelled;
  await close(closing, attempt.requestCount, engine);
  await unit.em.flush();
  await statistics.apply(unit, locked.connection.id);
}
