import type { Invariant } from "./invariant.js";
import { attemptsKeptSince } from "./kept-history.js";

/** The counters of each connection against what they count. */
export const statisticsInvariants: readonly Invariant[] = [
  {
    name: "connection-has-statistics",
    sentence: "Every connection has its row of counters.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      left join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
      where s.connection_id is null`,
  },
  {
    name: "attempt-counters",
    sentence: "Counted successes and failures of each class are the archived ones plus a recount of the attempts.",
    violations: `
      with recount as (
        select firm_id, connection_id,
          count(*) filter (where status = 'SUCCESS') as successes,
          count(*) filter (where error_class = 'TRANSIENT') as transient,
          count(*) filter (where error_class = 'RATE_LIMITED') as rate_limited,
          count(*) filter (where error_class = 'NON_RETRYABLE') as non_retryable
        from sync_attempt group by firm_id, connection_id
      )
      select s.firm_id, s.connection_id
      from connection_statistics s
      left join recount r on r.firm_id = s.firm_id and r.connection_id = s.connection_id
      where s.successes <> s.archived_successes + coalesce(r.successes, 0)
        or s.transient_failures <> s.archived_transient_failures + coalesce(r.transient, 0)
        or s.rate_limited_failures <> s.archived_rate_limited_failures + coalesce(r.rate_limited, 0)
        or s.non_retryable_failures <> s.archived_non_retryable_failures + coalesce(r.non_retryable, 0)`,
  },
  {
    name: "open-failure-counters",
    sentence: "Counted open failures (to be retried, exhausted, non-retryable) are a recount of the open attempts.",
    violations: `
      with recount as (
        select firm_id, connection_id,
          count(*) filter (where error_class <> 'NON_RETRYABLE' and not max_retries_reached) as retryable,
          count(*) filter (where error_class <> 'NON_RETRYABLE' and max_retries_reached) as exhausted,
          count(*) filter (where error_class = 'NON_RETRYABLE') as non_retryable
        from sync_attempt where state = 'OPEN' group by firm_id, connection_id
      )
      select s.firm_id, s.connection_id
      from connection_statistics s
      left join recount r on r.firm_id = s.firm_id and r.connection_id = s.connection_id
      where s.open_retryable <> coalesce(r.retryable, 0)
        or s.open_exhausted <> coalesce(r.exhausted, 0)
        or s.open_non_retryable <> coalesce(r.non_retryable, 0)`,
  },
  {
    name: "consecutive-failures",
    sentence: "No connection counts more failed runs in a row than attempts have failed since its last success.",
    // A transaction's time is that of its start, and transactions wait for each other: times close together tell no order.
    violations: `
      with failed as (
        select s.firm_id, s.connection_id, count(*) as attempts
        from connection_statistics s
        join sync_attempt a on a.firm_id = s.firm_id and a.connection_id = s.connection_id and a.status = 'FAIL'
          and (s.last_successful_sync_at is null or a.finished_at >= s.last_successful_sync_at - interval '1 minute')
        group by s.firm_id, s.connection_id
      )
      select s.firm_id, s.connection_id
      from connection_statistics s
      left join failed f on f.firm_id = s.firm_id and f.connection_id = s.connection_id
      where s.consecutive_failures > coalesce(f.attempts, 0)
        + s.archived_transient_failures + s.archived_rate_limited_failures + s.archived_non_retryable_failures`,
  },
  {
    name: "last-successful-sync",
    sentence: "A connection's last success is the end of its newest successful attempt.",
    violations: lastSuccess("last_successful_sync_at", ""),
  },
  {
    name: "last-sync",
    sentence: "A connection's last sync is the end of its newest successful pull, incremental or full.",
    violations: lastSuccess(
      "last_sync_at",
      `join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
          and r.direction = 'PULL' and r.appointment_id is null and r.start_date is null`,
    ),
  },
];

function lastSuccess(column: string, ofWhichRuns: string): string {
  return `
      with newest as (
        select a.firm_id, a.connection_id, max(a.finished_at) as finished_at
        from sync_attempt a ${ofWhichRuns}
        where a.status = 'SUCCESS' group by a.firm_id, a.connection_id
      )
      select s.firm_id, s.connection_id
      from connection_statistics s
      left join newest n on n.firm_id = s.firm_id and n.connection_id = s.connection_id
      where s.${column} is distinct from n.finished_at and greatest(s.${column}, n.finished_at) >= ${attemptsKeptSince}`;
}
