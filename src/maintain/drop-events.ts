import type pg from "pg";
import { failpoint } from "../failpoints.js";
import { briefTransaction } from "./brief-transaction.js";
import type { DroppedPartition } from "./drop-attempts.js";
import { isNeededEvent } from "./leaving-rows.js";
import { oldPartitions, type Partition } from "./partitioned-tables.js";
import { eventsLeaveBefore } from "./retention.js";

/** Partitions of audit events that are all older than their retention, and into which no new one will come. */
export function eventPartitionsToDrop(owner: pg.Client): Promise<Partition[]> {
  return oldPartitions(owner, "audit_event", isOld);
}

async function isOld(owner: pg.Client, { name }: Partition): Promise<boolean> {
  const { rows } = await owner.query<{ is_old: boolean }>(`
    select not exists (
      select from firm where exists (select from ${name} e where e.firm_id = firm.id and e.created_at >= ${eventsLeaveBefore})
    ) as is_old`);
  return rows[0]?.is_old ?? false;
}

/** Drops a partition in one transaction; events that are needed still go to DEFAULT under their ids. */
export async function dropEvents(owner: pg.Client, { name }: Partition): Promise<DroppedPartition> {
  return briefTransaction(owner, async () => {
    await owner.query(`alter table audit_event detach partition ${name}`);
    const { rowCount } = await owner.query(`insert into audit_event select e.* from ${name} e where ${isNeededEvent}`);
    const { rows } = await owner.query<{ rows: string }>(`select count(*) as rows from ${name}`);
    await owner.query(`drop table ${name}`);
    await failpoint("maintain.events-dropped-in-transaction");
    const kept = rowCount ?? 0;
    return { name, dropped: Number(rows[0]?.rows) - kept, kept };
  });
}

/** How many rows `dropEvents` would drop and keep; changes nothing. */
export async function previewEventsDrop(owner: pg.Client, { name }: Partition): Promise<DroppedPartition> {
  const { rows } = await owner.query<{ dropped: number; kept: number }>(`
    select count(*) filter (where not ${isNeededEvent})::int as dropped, count(*) filter (where ${isNeededEvent})::int as kept
    from ${name} e`);
  return { name, dropped: rows[0]?.dropped ?? 0, kept: rows[0]?.kept ?? 0 };
}
