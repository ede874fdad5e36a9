import type pg from "pg";
import { boundsOfPartitions, type PartitionedTable } from "../database/partition-bounds.js";

/** The tables that grow for ever: range partitions by id, and a DEFAULT partition for what belongs to none of them. */
export const partitionedTables: readonly PartitionedTable[] = ["sync_attempt", "audit_event"];

/** A range partition: ids from `from`, below `to`. */
export interface Partition {
  name: string;
  from: number;
  to: number;
}

/** The range partitions of a table by their ids, without DEFAULT. */
export async function partitionsOf(client: pg.Client, table: PartitionedTable): Promise<Partition[]> {
  const { rows } = await client.query<{ name: string; from: string; to: string }>(boundsOfPartitions, [table]);
  return rows
    .map(({ name, from, to }) => ({ name, from: Number(from), to: Number(to) }))
    .sort((one, other) => one.from - other.from);
}

/** The highest id that the table has given out; 0 before the first. */
export async function lastIdOf(client: pg.Client, table: PartitionedTable): Promise<number> {
  const sequence = await client.query<{ name: string }>("select pg_get_serial_sequence($1, 'id') as name", [table]);
  const { rows } = await client.query<{ id: string }>(
    `select case when is_called then last_value else 0 end as id from ${String(sequence.rows[0]?.name)}`,
  );
  return Number(rows[0]?.id);
}

/** Those into which no new row will come, and that are old. */
export async function oldPartitions(
  client: pg.Client,
  table: PartitionedTable,
  isOld: (client: pg.Client, partition: Partition) => Promise<boolean>,
): Promise<Partition[]> {
  const lastId = await lastIdOf(client, table);
  const passed = (await partitionsOf(client, table)).filter(({ to }) => to <= lastId + 1);
  const old: Partition[] = [];
  for (const partition of passed) if (await isOld(client, partition)) old.push(partition);
  return old;
}

/** The id below which rows lie in no range partition; beyond every id where there is none. */
export async function firstPartitionedId(client: pg.Client, table: PartitionedTable): Promise<number> {
  const [first] = await partitionsOf(client, table);
  return first?.from ?? Number.MAX_SAFE_INTEGER;
}
