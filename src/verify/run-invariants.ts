import type { Invariant } from "./invariant.js";
import { attemptsKeptSince } from "./kept-history.js";

/** Runs against their attempts, and the pulls of a connection against each other. */
export const runInvariants: readonly Invariant[] = [
  {
    name: "last-attempt",
    sentence: "The last attempt that a run names is its newest one.",
    violations: `
      with newest as (select firm_id, run_id, max(id) as id from sync_attempt group by firm_id, run_id)
      select r.firm_id, r.id as run_id, n.id as attempt_id
      from sync_run r
      left join newest n on n.firm_id = r.firm_id and n.run_id = r.id
      where r.last_attempt_id is distinct from n.id
        and (n.id is not null or coalesce(r.started_at, now()) >= ${attemptsKeptSince})`,
  },
  {
    name: "ended-run-has-no-open-failure",
    sentence: "A run that has succeeded or was cancelled has no open failure.",
    violations: `
      select firm_id, id as run_id, open_failure_id as attempt_id
      from sync_run where status in ('SUCCEEDED', 'CANCELLED') and open_failure_id is not null`,
  },
  {
    name: "failed-run",
    sentence: "A failed run's last attempt is its open failure, and is exhausted or non-retryable.",
    violations: openFailureOf("FAILED", "a.max_retries_reached or a.error_class = 'NON_RETRYABLE'"),
  },
  {
    name: "retrying-run",
    sentence: "A retrying run's last attempt is its open failure, may be retried, and is due when the run is.",
    violations: openFailureOf(
      "RETRYING",
      "not a.max_retries_reached and a.error_class <> 'NON_RETRYABLE' and a.next_retry_at = r.next_retry_at",
    ),
  },
  {
    name: "imported-run",
    sentence: "A run that another service has worked on is history: it has ended, and has no open failure.",
    violations: `
      select firm_id, id as run_id
      from sync_run where is_imported and (status not in ('SUCCEEDED', 'CANCELLED') or open_failure_id is not null)`,
  },
  {
    name: "run-tells-its-error",
    sentence: "The error of a failed or retrying run is that of its open failure.",
    violations: `
      select r.firm_id, r.id as run_id, a.id as attempt_id
      from sync_run r
      join sync_attempt a on a.firm_id = r.firm_id and a.id = r.open_failure_id
      where r.status in ('FAILED', 'RETRYING')
        and (r.error_class, r.error_code, r.error_summary) is distinct from (a.error_class, a.error_code, a.error_summary)`,
  },
  {
    name: "run-retry-count",
    sentence: "A run's retry count is that of the attempt that runs, or of the one it waits for.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      join sync_attempt a on a.firm_id = r.firm_id and a.id = r.last_attempt_id
      where r.status in ('RUNNING', 'RETRYING') and r.retry_count <> a.retry_count + case
        when r.status = 'RUNNING' or a.error_code = 'WORKER_STOPPED' then 0 else 1
      end`,
  },
  {
    name: "fence",
    sentence: "A run's fence has risen with each of its attempts.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      join (select firm_id, run_id, count(*) as attempts from sync_attempt group by firm_id, run_id) started
        on started.firm_id = r.firm_id and started.run_id = r.id
      where r.fence < started.attempts`,
  },
  {
    name: "lost-workers",
    sentence: "A run has lost no more workers than attempts of it were lost.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      where r.lost_workers > 0 and r.created_at >= ${attemptsKeptSince} and r.lost_workers > (
        select count(*) from sync_attempt a
        where a.firm_id = r.firm_id and a.run_id = r.id and a.error_code = 'WORKER_LOST'
      )`,
  },
  {
    name: "one-failed-pull",
    sentence: "A connection has at most one failed incremental pull that is open.",
    violations: `
      select firm_id, connection_id
      from sync_run where operation = 'LIST_CHANGES' and status = 'FAILED' and open_failure_id is not null
      group by firm_id, connection_id having count(*) > 1`,
  },
  {
    name: "covered-pull",
    sentence:
      "No incremental pull that failed, waits or is held has an open failure from before a pull that succeeded since, unless it is to be replayed.",
    violations: `
      with succeeded as (
        select firm_id, connection_id, max(finished_at) as finished_at
        from sync_run
        where status = 'SUCCEEDED' and direction = 'PULL' and appointment_id is null and start_date is null
        group by firm_id, connection_id
      )
      select r.firm_id, r.connection_id, r.id as run_id
      from sync_run r
      join succeeded s on s.firm_id = r.firm_id and s.connection_id = r.connection_id
      join sync_attempt a on a.firm_id = r.firm_id and a.id = r.open_failure_id
      where r.operation = 'LIST_CHANGES' and r.status in ('RETRYING', 'HELD', 'FAILED') and r.replay_of_id is null
        and a.finished_at < s.finished_at`,
  },
];

function openFailureOf(status: string, condition: string): string {
  return `
      select r.firm_id, r.id as run_id, r.open_failure_id as attempt_id
      from sync_run r
      left join sync_attempt a on a.firm_id = r.firm_id and a.id = r.open_failure_id
      where r.status = '${status}' and (r.open_failure_id = r.last_attempt_id and (${condition})) is not true`;
}
