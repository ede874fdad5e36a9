import type { Invariant } from "./invariant.js";
import { attemptsKeptSince, eventsKeptSince } from "./kept-history.js";

/** Attempts against their runs and against each other. */
export const attemptInvariants: readonly Invariant[] = [
  {
    name: "attempt-agrees-with-run",
    sentence:
      "Every attempt has its run, and says the same connection, appointment, operation, direction and correlation id.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      left join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      where r.id is null
        or (a.connection_id, a.appointment_id, a.operation, a.direction, a.correlation_id)
          is distinct from (r.connection_id, r.appointment_id, r.operation, r.direction, r.correlation_id)`,
  },
  {
    name: "attempt-names-provider",
    sentence: "Every attempt names its connection's provider.",
    violations: `
      select a.firm_id, a.connection_id, a.id as attempt_id
      from sync_attempt a
      join calendar_connection c on c.firm_id = a.firm_id and c.id = a.connection_id
      where a.provider <> c.provider`,
  },
  {
    name: "open-failure-named-by-run",
    sentence: "An attempt is an open failure exactly when its run names it as such.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      left join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      where a.state = 'OPEN' and r.open_failure_id is distinct from a.id
      union all
      select r.firm_id, r.id, r.open_failure_id
      from sync_run r
      left join sync_attempt a on a.firm_id = r.firm_id and a.id = r.open_failure_id and a.run_id = r.id
      where r.open_failure_id is not null and a.state is distinct from 'OPEN'`,
  },
  {
    name: "next-retry",
    sentence:
      "A retry is ahead of the open failures of runs that retry; of those that are queued, held or failed, none is.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      where a.state = 'OPEN' and a.next_retry_at is not null and r.status in ('QUEUED', 'HELD', 'FAILED')`,
  },
  {
    name: "running-attempt",
    sentence: "A running run has exactly one running attempt, its last; no other attempt is running.",
    violations: `
      select r.firm_id, r.id as run_id, r.last_attempt_id as attempt_id
      from sync_run r
      left join sync_attempt a on a.firm_id = r.firm_id and a.id = r.last_attempt_id and a.run_id = r.id and a.status = 'RUNNING'
      where r.status = 'RUNNING' and a.id is null
      union all
      select a.firm_id, a.run_id, a.id
      from sync_attempt a
      left join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id and r.status = 'RUNNING' and r.last_attempt_id = a.id
      where a.status = 'RUNNING' and r.id is null`,
  },
  {
    name: "successful-attempt",
    sentence: "A run has succeeded exactly when its last attempt has, and no attempt before it.",
    violations: `
      select r.firm_id, r.id as run_id, a.id as attempt_id
      from sync_run r
      join sync_attempt a on a.firm_id = r.firm_id and a.id = r.last_attempt_id
      where r.status = 'SUCCEEDED' and a.status <> 'SUCCESS'
      union all
      select a.firm_id, a.run_id, a.id
      from sync_attempt a
      join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      where a.status = 'SUCCESS' and (r.status <> 'SUCCEEDED' or r.last_attempt_id is distinct from a.id)`,
  },
  {
    name: "superseded-failure",
    sentence: "A failure is superseded only by a later attempt of its run, or with its run's cancellation.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      where a.state = 'SUPERSEDED' and r.status <> 'CANCELLED' and coalesce(r.last_attempt_id, 0) <= a.id`,
  },
  {
    name: "resolved-failure",
    sentence:
      "A failure is resolved only by a later success of its run, or by one that covered its cancelled run: of a pull of its connection, or of a newer push of its appointment.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id, a.resolved_by_id
      from sync_attempt a
      left join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      left join sync_attempt by on by.firm_id = a.firm_id and by.id = a.resolved_by_id
      where a.state = 'RESOLVED' and case
        when by.id is null then a.finished_at >= ${attemptsKeptSince}
        when by.status <> 'SUCCESS' or by.connection_id <> a.connection_id or by.finished_at < a.finished_at then true
        when by.run_id = a.run_id then by.id <= a.id
        else r.status is distinct from 'CANCELLED' or a.direction <> by.direction
          or by.appointment_id <> coalesce(a.appointment_id, 0) or (a.direction = 'PUSH' and by.run_id < a.run_id)
      end`,
  },
  {
    name: "retry-counts",
    sentence:
      "Retry counts of a run begin at 0 and rise by one; only after a stopped worker or a hold does an attempt keep the count.",
    violations: `
      select firm_id, run_id, attempt_id
      from (
        select a.firm_id, a.run_id, a.id as attempt_id, a.retry_count, r.created_at, r.is_imported,
          lag(a.retry_count) over earlier as count_before,
          lag(a.error_code = 'WORKER_STOPPED' or (a.next_retry_at is null and not a.max_retries_reached)) over earlier as may_repeat
        from sync_attempt a
        join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
        window earlier as (partition by a.firm_id, a.run_id order by a.id)
      ) attempt
      where case
        when count_before is null then retry_count <> 0 and not is_imported and created_at >= ${attemptsKeptSince}
        else retry_count <> count_before + 1 and not (may_repeat and retry_count = count_before)
      end`,
  },
  {
    name: "exhausted-attempt",
    sentence:
      "After an attempt that has reached the maximum of retries comes another only if a replay or a recovery was audited.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      where a.max_retries_reached
        and exists (
          select from sync_attempt b
          where b.firm_id = a.firm_id and b.run_id = a.run_id and b.id > a.id and b.started_at >= ${eventsKeptSince}
        )
        and not exists (
          select from audit_event e
          where e.firm_id = a.firm_id and e.correlation_id = a.correlation_id
            and e.event_type in ('calendar_sync_manual_replay_requested', 'calendar_sync_recovery_requested')
        )`,
  },
];
