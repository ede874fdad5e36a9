import { sql, type RawBuilder } from "kysely";
import type { ConnectionHealth } from "./calendar-connection.enums.js";

/**
 * A connection's health, the first that applies, over calendar_connection `c` and its connection_statistics `s`:
 * PAUSED; ACTION_NEEDED: revoked, a run held, a mass cancellation refused, or retries used up twice in a row; STALE: no success for
 * so long; DELAYED: something failed and is open, or its pulls are slowed; HEALTHY. Filter and field share this definition.
 */
export function connectionHealth(staleAfterSeconds: number): RawBuilder<ConnectionHealth> {
  return sql<ConnectionHealth>`
    case
      when c.status = 'PAUSED' then 'PAUSED'
      when c.status = 'REVOKED' or ${exhaustedTwice} or ${waitsForPerson} then 'ACTION_NEEDED'
      when coalesce(s.last_successful_sync_at, c.created_at) < now() - make_interval(secs => ${staleAfterSeconds}) then 'STALE'
      when s.open_retryable + s.open_exhausted + s.open_non_retryable > 0 or c.circuit_opened_at is not null then 'DELAYED'
      else 'HEALTHY'
    end`;
}

/** The counters tell of nearly all connections that it is not so; then the last two runs that failed are looked at. */
const exhaustedTwice = sql<boolean>`(
  s.open_exhausted > 0 and s.consecutive_failures >= 2 and not exists (
    select from (
      select a.max_retries_reached from sync_attempt a
      where a.firm_id = c.firm_id and a.connection_id = c.id and a.status = 'FAIL'
        and (a.max_retries_reached or (a.error_class = 'NON_RETRYABLE' and a.error_code <> 'CANCELLED'))
      order by a.id desc limit 2
    ) last where not last.max_retries_reached
  ))`;

/** Each of the two has an index of the few runs that it is about; asked for in one, neither would be used. */
const waitsForPerson = sql<boolean>`(
  exists (
    select from sync_run r where r.firm_id = c.firm_id and r.connection_id = c.id and r.status = 'HELD'
  ) or exists (
    select from sync_run r
    where r.firm_id = c.firm_id and r.connection_id = c.id and r.open_failure_id is not null and r.error_code = 'MASS_CANCEL'
  ))`;
