import { CompiledQuery } from "kysely";
import type { EntityManager } from "./orm.js";

/** The tables that grow for ever: range partitions by id, and a DEFAULT partition for what belongs to none of them. */
export type PartitionedTable = "sync_attempt" | "audit_event";

/** The range partitions of the table $1 with the ids from which and below which their rows are, newest first; without DEFAULT. */
export const boundsOfPartitions = `
  select name, bound[1] as from, bound[2] as to
  from (
    select part.relname as name,
      regexp_match(pg_get_expr(part.relpartbound, part.oid), $$FROM \\('(\\d+)'\\) TO \\('(\\d+)'\\)$$) as bound
    from pg_inherits join pg_class part on part.oid = inhrelid where inhparent = $1::regclass
  ) partition
  where bound is not null
  order by bound[1]::bigint desc`;

/** Ids from `from`, below `to`. */
export interface IdSpan {
  from: string;
  to: string;
}

interface RememberedSpan {
  span: Promise<IdSpan | null>;
  until: number;
}

/** Partitions come and go a few times a month, and only the speed of reading hangs on it. */
const rememberedMs = 60_000;

/** By database and table. */
const spans = new WeakMap<object, Map<PartitionedTable, RememberedSpan>>();

/** The ids of the newest range partitions that follow each other without a gap; null where there are none. Up to a minute old. */
export function partitionSpan(em: EntityManager, table: PartitionedTable): Promise<IdSpan | null> {
  const ofDatabase = spans.get(em.getDriver()) ?? new Map<PartitionedTable, RememberedSpan>();
  spans.set(em.getDriver(), ofDatabase);
  const remembered = ofDatabase.get(table);
  if (remembered && remembered.until > performance.now()) return remembered.span;
  const span = readSpan(em, table);
  ofDatabase.set(table, { span, until: performance.now() + rememberedMs });
  span.catch(() => ofDatabase.delete(table));
  return span;
}

async function readSpan(em: EntityManager, table: PartitionedTable): Promise<IdSpan | null> {
  const { rows } = await em.getKysely().executeQuery<IdSpan>(CompiledQuery.raw(boundsOfPartitions, [table]));
  const [newest, ...older] = rows;
  if (!newest) return null;
  let from = newest.from;
  for (const partition of older) if (partition.to === from) from = partition.from;
  return { from, to: newest.to };
}
