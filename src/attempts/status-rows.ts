import { sql } from "kysely";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { ConnectionStatistics } from "../connections/connection-statistics.entity.js";
import { read } from "../database/prepared-statements.js";
import type { BatchScope } from "../graphql/batches.js";
import { columnsOf, type RowOf } from "../graphql/rows.js";
import { countWaiting } from "./count-waiting.js";

/** A connection with its counters and, where it is asked for, how many of its open failures have their retry still ahead. */
export type StatusRow = RowOf<CalendarConnection> & RowOf<ConnectionStatistics> & { pendingRetries?: string };

/** What a status consists of, by one statement: a connection's status is what managers ask for most. */
export function statusRows(
  { em, firmId }: BatchScope,
  connectionIds: readonly string[],
  withPendingRetries: boolean,
): Promise<StatusRow[]> {
  const query = sql<StatusRow>`
    select ${columnsOf(em, CalendarConnection, "c")}, ${columnsOf(em, ConnectionStatistics, "s")}
      ${withPendingRetries ? sql`, (${countWaiting(firmId)}) as "pendingRetries"` : sql``}
    from calendar_connection c join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    where c.firm_id = ${firmId} and c.id = any(${connectionIds}::bigint[])
  `;
  return read(em, query);
}
