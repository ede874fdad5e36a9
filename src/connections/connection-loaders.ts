import { sql } from "kysely";
import type { RequestSettings } from "../context.js";
import { read } from "../database/prepared-statements.js";
import { oneForEach, rowById, type BatchScope } from "../graphql/batches.js";
import { columnsOf, type RowOf } from "../graphql/rows.js";
import { CalendarConnection } from "./calendar-connection.entity.js";
import type { ConnectionHealth } from "./calendar-connection.enums.js";
import { ConnectionStatistics } from "./connection-statistics.entity.js";
import { connectionHealth } from "./health.js";

export function connectionLoaders(scope: BatchScope, settings: RequestSettings) {
  return {
    connection: rowById(scope, CalendarConnection),
    /** By connection. */
    counters: oneForEach(
      (ids) => counters(scope, ids),
      ({ connectionId }) => connectionId,
    ),
    /** By connection. */
    health: oneForEach(
      (ids) => health(scope, settings, ids),
      ({ id }) => id,
    ),
  };
}

function counters({ em, firmId }: BatchScope, ids: readonly string[]): Promise<RowOf<ConnectionStatistics>[]> {
  const query = sql<RowOf<ConnectionStatistics>>`
    select ${columnsOf(em, ConnectionStatistics, "s")} from connection_statistics s
    where s.firm_id = ${firmId} and s.connection_id = any(${ids}::bigint[])
  `;
  return read(em, query);
}

interface HealthRow {
  id: string;
  health: ConnectionHealth;
}

function health({ em, firmId }: BatchScope, settings: RequestSettings, ids: readonly string[]): Promise<HealthRow[]> {
  const query = sql<HealthRow>`
    select c.id, ${connectionHealth(settings.staleAfterSeconds)} as health
    from calendar_connection c join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    where c.firm_id = ${firmId} and c.id = any(${ids}::bigint[])
  `;
  return read(em, query);
}
