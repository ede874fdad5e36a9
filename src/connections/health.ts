import { sql, type RawBuilder } from "kysely";
import type { ConnectionHealth } from "./calendar-connection.enums.js";

/**
 * A connection's health, the first that applies, over calendar_connection `c` and its connection_statistics `s`:
 * PAUSED; ACTION_NEEDED: revoked, a run held, a mass cancellation refused, or a failure whose retries are used up while runs keep
 * failing; STALE: no success for so long; DELAYED: something failed and is open; HEALTHY. Filter and field share this definition.
 */
export function connectionHealth(staleAfterSeconds: number): RawBuilder<ConnectionHealth> {
  return sql<ConnectionHealth>`
    case
      when c.status = 'PAUSED' then 'PAUSED'
      when c.status = 'REVOKED' or (s.open_exhausted > 0 and s.consecutive_failures >= 2) or ${waitsForPerson} then 'ACTION_NEEDED'
      when coalesce(s.last_successful_sync_at, c.created_at) < now() - make_interval(secs => ${staleAfterSeconds}) then 'STALE'
      when s.open_retryable + s.open_exhausted + s.open_non_retryable > 0 then 'DELAYED'
      else 'HEALTHY'
    end`;
}

const waitsForPerson = sql<boolean>`
  exists (
    select from sync_run r
    where r.firm_id = c.firm_id and r.connection_id = c.id
      and (r.status = 'HELD' or (r.open_failure_id is not null and r.error_code = 'MASS_CANCEL'))
      and (r.open_failure_id is not null or r.status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD'))
  )`;
