import { sql, type RawBuilder } from "kysely";
import { countedRows } from "../graphql/rows.js";

/** How many open failures of the connection `c` have their retry still ahead, counted to 10,000. */
export function countWaiting(firmId: string): RawBuilder<{ count: string }> {
  return sql<{ count: string }>`
    select count(*) from (
      select from sync_attempt a
      where a.firm_id = ${firmId} and a.connection_id = c.id and a.state = 'OPEN' and a.next_retry_at > now()
      limit ${sql.lit(countedRows)}
    ) waiting`;
}
