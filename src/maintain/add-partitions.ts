import type pg from "pg";
import { firmPolicies } from "../../migrations/row-level-security.js";
import type { PartitionedTable } from "../database/partition-bounds.js";
import { failpoint } from "../failpoints.js";
import { briefTransaction } from "./brief-transaction.js";
import { lastIdOf, partitionsOf, type Partition } from "./partitioned-tables.js";
import { planPartitions, type IdRange } from "./plan-partitions.js";

/** A partition that was made, and how many rows were moved to it out of DEFAULT. */
export interface AddedPartition extends Partition {
  moved: number;
}

/** Moving holds up the table's readers and writers: a second or less. */
const mostMovedRows = 10_000;

/** What `addPartition` is to make of the table, from what it looks like now. */
export async function partitionsToAdd(
  owner: pg.Client,
  table: PartitionedTable,
  leastIds: number,
): Promise<Partition[]> {
  const partitions = await partitionsOf(owner, table);
  const lastId = await lastIdOf(owner, table);
  const isBehind = (partitions.at(-1)?.to ?? 0) <= lastId;
  const newestInDefault = isBehind ? await newestIdsInDefault(owner, table) : [];
  const isDefaultLightFrom = (id: number): boolean =>
    newestInDefault.length <= mostMovedRows || Number(newestInDefault.at(-1)) < id;
  const planned = planPartitions({ partitions, lastId, leastIds, isDefaultLightFrom });
  return planned.map((range) => ({ ...range, name: `${table}_${range.from}` }));
}

/** The highest ids, highest first; one more than may be moved. */
async function newestIdsInDefault(owner: pg.Client, table: PartitionedTable): Promise<string[]> {
  const { rows } = await owner.query<{ id: string }>(
    `select id from ${table}_default order by id desc limit ${mostMovedRows + 1}`,
  );
  return rows.map(({ id }) => id);
}

/** Makes the partition, with the walls and guards of its table. Rows of its range that lie in DEFAULT come along. */
export async function addPartition(
  owner: pg.Client,
  table: PartitionedTable,
  { name, from, to }: Partition,
): Promise<AddedPartition> {
  return briefTransaction(owner, async () => {
    await owner.query(`lock table ${table} in access exclusive mode`);
    const moved = await takeFromDefault(owner, table, { from, to });
    await owner.query(`create table ${name} partition of ${table} for values from (${from}) to (${to})`);
    await owner.query(firmPolicies(name));
    if (table === "audit_event") await owner.query(refusingTruncate(name));
    if (moved > 0) await owner.query(`insert into ${table} select * from moved_row`);
    await failpoint("maintain.partition-in-transaction");
    return { name, from, to, moved };
  });
}

async function takeFromDefault(owner: pg.Client, table: PartitionedTable, { from, to }: IdRange): Promise<number> {
  await owner.query(
    `create temp table moved_row on commit drop as select * from ${table}_default where id >= ${from} and id < ${to}`,
  );
  // Audit events are not lost by this: they are written back in the same transaction.
  await owner.query("select set_config('maintain.audit_leaves_before', 'infinity', true)");
  const { rowCount } = await owner.query(`delete from ${table}_default where id >= ${from} and id < ${to}`);
  await owner.query("select set_config('maintain.audit_leaves_before', '', true)");
  return rowCount ?? 0;
}

/** Unlike those of rows, a table's triggers of truncating are not its partitions' too. */
function refusingTruncate(partition: string): string {
  return `create trigger ${partition}_is_not_truncated before truncate on ${partition}
    for each statement execute function refuse_audit_change()`;
}
