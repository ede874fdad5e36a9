import { sql, type RawBuilder } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { partitionSpan, type PartitionedTable } from "../database/partition-bounds.js";
import { read } from "../database/prepared-statements.js";
import { largestPage, type PageRequest } from "./paging.js";

/** A list in the order of its ids, newest first. */
export interface NewestFirst<Row> {
  /** A select list; one of its columns is "id". */
  columns: RawBuilder<Row>;
  /** A source with its conditions: "sync_attempt a where …". */
  listed: RawBuilder<unknown>;
  /** The source's id: "a.id". */
  id: RawBuilder<unknown>;
  /** A select of one value, which every row comes with as totalCount; absent where that would cost more than a statement of its own. */
  total?: RawBuilder<unknown>;
  /** The source's table, if an index has its rows in their order whatever the values of the conditions are. */
  indexed?: PartitionedTable;
}

/**
 * The rows of a page, and one more. At 13 partitions planning it takes four times as long as on one table, and each partition is asked for its
 * newest row. So where an index has the rows in order the statement is prepared, in a shape of which PostgreSQL makes the same plan for
 * all values: it reads the newest partition, and an older one only for what is missing. Pages by a number are planned each time.
 */
export async function newestRows<Row>(
  em: EntityManager,
  list: NewestFirst<Row>,
  request: PageRequest<string>,
): Promise<(Row & { totalCount?: string })[]> {
  const { columns, id, total, indexed } = list;
  const later = request.after === null ? sql`` : sql`and ${id} < ${request.after}`;
  const rows = sql`select ${columns} from ${list.listed} ${later}`;
  const isPrepared = indexed !== undefined && request.offset === 0;
  const page = isPrepared
    ? await newestOfPartitions(em, indexed, rows, id)
    : sql`${rows} order by ${id} desc limit ${request.first + 1} offset ${request.offset}`;
  const query = sql<Row & { totalCount?: string }>`
    select page.* ${total ? sql`, (${total}) as "totalCount"` : sql``} from (${page}) page
    order by page.id desc limit ${request.first + 1}`;
  return isPrepared ? read(em, query) : (await query.execute(em.getKysely())).rows;
}

/** Of a limit that it is not told PostgreSQL assumes a tenth of all rows, and might rather sort them. */
const mostRows = sql.lit(largestPage + 1);

/**
 * What lies in range partitions, and what does not, each in its order. Partitions that DEFAULT is not among need not be merged: they are read one
 * after another until there is enough. The halves make up the whole table wherever its partitions are by now.
 */
async function newestOfPartitions(
  em: EntityManager,
  table: PartitionedTable,
  rows: RawBuilder<unknown>,
  id: RawBuilder<unknown>,
): Promise<RawBuilder<unknown>> {
  const newest = (which: RawBuilder<unknown>) => sql`(${rows} ${which} order by ${id} desc limit ${mostRows})`;
  const span = await partitionSpan(em, table);
  if (span === null) return newest(sql``);
  const [from, to] = [sql.lit(span.from), sql.lit(span.to)];
  return sql`
    ${newest(sql`and ${id} >= ${from} and ${id} < ${to}`)} union all
    ${newest(sql`and (${id} < ${from} or ${id} >= ${to})`)}`;
}
