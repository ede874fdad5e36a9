import type pg from "pg";
import { failpoint } from "../failpoints.js";
import { briefTransaction } from "./brief-transaction.js";
import { isLeaving } from "./leaving-rows.js";
import { oldPartitions, type Partition } from "./partitioned-tables.js";
import { attemptsLeaveBefore } from "./retention.js";

/** A partition that was dropped, how many of its rows with it, and how many were kept, in DEFAULT. */
export interface DroppedPartition {
  name: string;
  dropped: number;
  kept: number;
}

/** Partitions of attempts that all have ended before the retention began, and into which no new one will come. */
export function attemptPartitionsToDrop(owner: pg.Client): Promise<Partition[]> {
  return oldPartitions(owner, "sync_attempt", isOld);
}

async function isOld(owner: pg.Client, { name }: Partition): Promise<boolean> {
  const { rows } = await owner.query<{ is_old: boolean }>(`
    select not exists (select from ${name} where finished_at >= ${attemptsLeaveBefore} and provider in ('GOOGLE', 'MICROSOFT'))
      and not exists (select from ${name} where status = 'RUNNING') as is_old`);
  return rows[0]?.is_old ?? false;
}

/**
 * Drops a partition in one transaction: open failures go to DEFAULT with the whole chain of their runs, under their ids; all others are added
 * to what their connections have archived.
 */
export async function dropAttempts(owner: pg.Client, partition: Partition): Promise<DroppedPartition> {
  return briefTransaction(owner, async () => {
    // Before any lock: a run that is leaving has ended for good, and attempts that have ended are counted alike for ever.
    await countLeaving(owner, partition);
    await owner.query(`alter table sync_attempt detach partition ${partition.name}`);
    const { rowCount } = await owner.query(`
      insert into sync_attempt select a.* from ${partition.name} a
      where not exists (select from leaving_run r where r.firm_id = a.firm_id and r.id = a.run_id)`);
    const dropped = await archive(owner);
    const kept = rowCount ?? 0;
    await requireAllCounted(owner, partition, dropped + kept);
    await owner.query(`drop table ${partition.name}`);
    await failpoint("maintain.dropped-in-transaction");
    return { name: partition.name, dropped, kept };
  });
}

/** How many rows `dropAttempts` would drop and keep; changes nothing. */
export async function previewDrop(owner: pg.Client, { name }: Partition): Promise<DroppedPartition> {
  const { rows } = await owner.query<{ dropped: number; kept: number }>(`
    select count(r.id)::int as dropped, (count(*) - count(r.id))::int as kept
    from ${name} a left join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id and ${isLeaving()}`);
  return { name, dropped: rows[0]?.dropped ?? 0, kept: rows[0]?.kept ?? 0 };
}

async function countLeaving(owner: pg.Client, { name }: Partition): Promise<void> {
  await owner.query(`
    create temp table leaving_run on commit drop as
      select r.firm_id, r.id from sync_run r
      where ${isLeaving()} and exists (select from ${name} a where a.firm_id = r.firm_id and a.run_id = r.id)`);
  await owner.query("create unique index on leaving_run (firm_id, id)");
  await owner.query("analyze leaving_run");
  await owner.query(`
    create temp table leaving_count on commit drop as
      select a.firm_id, a.connection_id, ${archivedCounts} from ${name} a
      join leaving_run r on r.firm_id = a.firm_id and r.id = a.run_id
      group by a.firm_id, a.connection_id`);
}

/** SQL: what of the attempts `a` is added to their connection's archived counters. */
export const archivedCounts = `
  count(*) as attempts,
  count(*) filter (where a.status = 'SUCCESS') as successes,
  count(*) filter (where a.error_class = 'TRANSIENT') as transient_failures,
  count(*) filter (where a.error_class = 'RATE_LIMITED') as rate_limited_failures,
  count(*) filter (where a.error_class = 'NON_RETRYABLE') as non_retryable_failures,
  max(a.finished_at) as newest`;

/** SQL: adds the rows of `source`, which has these counts by connection, to the archived counters. */
export function archiveFrom(source: string): string {
  return `
    update connection_statistics s set
      archived_successes = s.archived_successes + l.successes,
      archived_transient_failures = s.archived_transient_failures + l.transient_failures,
      archived_rate_limited_failures = s.archived_rate_limited_failures + l.rate_limited_failures,
      archived_non_retryable_failures = s.archived_non_retryable_failures + l.non_retryable_failures,
      archived_until = greatest(s.archived_until, l.newest)
    from ${source} l where s.firm_id = l.firm_id and s.connection_id = l.connection_id`;
}

async function archive(owner: pg.Client): Promise<number> {
  await owner.query(archiveFrom("leaving_count"));
  const { rows } = await owner.query<{ sum: string }>("select coalesce(sum(attempts), 0) as sum from leaving_count");
  return Number(rows[0]?.sum);
}

/** An import may have added some since they were counted. The transaction is then undone, and the next time counts them. */
async function requireAllCounted(owner: pg.Client, { name }: Partition, counted: number): Promise<void> {
  const { rows } = await owner.query<{ rows: string }>(`select count(*) as rows from ${name}`);
  if (Number(rows[0]?.rows) !== counted) {
    throw new Error(`${name} has ${String(rows[0]?.rows)} rows, of which ${counted} were counted: it is not dropped`);
  }
}
