import type { Invariant } from "./invariant.js";
import { attemptsKeptSince, eventsKeptSince } from "./kept-history.js";

const retryOutcomes =
  "('calendar_sync_retry', 'calendar_sync_manual_replay_success', 'calendar_sync_manual_replay_failed')";

/** No deed without its audit event, no event without its deed. */
export const auditInvariants: readonly Invariant[] = [
  {
    name: "manual-run-is-audited",
    sentence: "Every run that a manager asked for has the audit event of that request, by that manager.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      where r.trigger = 'MANUAL' and r.created_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = r.firm_id and e.correlation_id = r.correlation_id and e.actor_id = r.requested_by_id
          and e.event_type in ('calendar_connection_resync_requested', 'appointment_resync_requested')
      )`,
  },
  {
    name: "requested-event-has-run",
    sentence: "Every audited request of a connection that still exists has its run.",
    violations: `
      select e.firm_id, c.id as connection_id, e.id as audit_event_id
      from audit_event e
      join calendar_connection c on c.firm_id = e.firm_id
        and c.id::text = coalesce(e.metadata ->> 'connection_id', case e.resource_type when 'calendar_connection' then e.resource_id::text end)
      left join sync_run r on r.firm_id = e.firm_id and r.correlation_id = e.correlation_id
      where e.event_type in ('calendar_connection_resync_requested', 'appointment_resync_requested',
          'calendar_sync_manual_replay_requested', 'calendar_sync_recovery_requested')
        and e.created_at >= ${attemptsKeptSince} and r.id is null`,
  },
  {
    name: "retry-is-audited",
    sentence:
      "Every retry of ours that has ended has exactly one audit event of its outcome, and every retry event its retry.",
    violations: `
      with told as (
        select firm_id, resource_id as attempt_id, count(*) as events
        from audit_event where resource_type = 'sync_attempt' and event_type in ${retryOutcomes}
        group by firm_id, resource_id
      )
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      left join told t on t.firm_id = a.firm_id and t.attempt_id = a.id
      where a.status <> 'RUNNING' and a.retry_count > 0 and a.finished_at >= ${eventsKeptSince} and coalesce(t.events, 0) <> 1
        and not exists (select from sync_run r where r.firm_id = a.firm_id and r.id = a.run_id and r.is_imported)
      union all
      select e.firm_id, r.id, e.resource_id
      from audit_event e
      join sync_run r on r.firm_id = e.firm_id and r.correlation_id = e.correlation_id
      left join sync_attempt a on a.firm_id = e.firm_id and a.id = e.resource_id and a.run_id = r.id
      where e.event_type = 'calendar_sync_retry' and e.created_at >= ${attemptsKeptSince}
        and (a.status <> 'RUNNING' and a.retry_count > 0) is not true`,
  },
  {
    name: "retry-event-tells-outcome",
    sentence: "The audit event of a retry tells its retry count, error class, exhaustion and severity as they were.",
    violations: `
      select e.firm_id, a.id as attempt_id, e.id as audit_event_id
      from audit_event e
      join sync_attempt a on a.firm_id = e.firm_id and a.id = e.resource_id
      where e.event_type = 'calendar_sync_retry' and (
        e.metadata ->> 'retry_count' = a.retry_count::text
        and e.metadata ->> 'error_class' is not distinct from a.error_class
        and e.metadata ->> 'max_retries_reached' = a.max_retries_reached::text
        and e.severity = case when a.status = 'SUCCESS' then 'info' when a.max_retries_reached then 'error' else 'warning' end
      ) is not true`,
  },
  {
    name: "cancelled-run-is-audited",
    sentence: "Every cancelled run of ours has exactly one audit event of it, and no other run has one.",
    violations: `
      with told as (
        select firm_id, correlation_id, count(*) as events
        from audit_event where event_type = 'calendar_sync_run_cancelled'
        group by firm_id, correlation_id
      )
      select r.firm_id, r.id as run_id
      from sync_run r
      left join told t on t.firm_id = r.firm_id and t.correlation_id = r.correlation_id
      where case when r.status = 'CANCELLED' and not r.is_imported then r.finished_at >= ${eventsKeptSince} and coalesce(t.events, 0) <> 1
        else t.events > 0 end`,
  },
  {
    name: "abandoned-run-is-audited",
    sentence: "A run that has lost three workers is audited as abandoned, and only such a run is.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      where r.lost_workers = 3 and r.created_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = r.firm_id and e.correlation_id = r.correlation_id and e.event_type = 'calendar_sync_run_abandoned'
      )
      union all
      select r.firm_id, r.id
      from audit_event e
      join sync_run r on r.firm_id = e.firm_id and r.correlation_id = e.correlation_id
      where e.event_type = 'calendar_sync_run_abandoned' and r.created_at >= ${attemptsKeptSince} and 3 > (
        select count(*) from sync_attempt a
        where a.firm_id = r.firm_id and a.run_id = r.id and a.error_code = 'WORKER_LOST'
      )`,
  },
  {
    name: "mass-cancel-refusal-is-audited",
    sentence: "Every refused mass cancellation has its audit event, and every such event its refusal.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      where a.error_code = 'MASS_CANCEL' and a.finished_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = a.firm_id and e.correlation_id = a.correlation_id
          and e.event_type = 'calendar_sync_mass_cancel_refused' and e.created_at = a.finished_at
      )
      union all
      select r.firm_id, r.id, null
      from audit_event e
      join sync_run r on r.firm_id = e.firm_id and r.correlation_id = e.correlation_id
      where e.event_type = 'calendar_sync_mass_cancel_refused' and e.created_at >= ${attemptsKeptSince} and not exists (
        select from sync_attempt a
        where a.firm_id = r.firm_id and a.run_id = r.id and a.error_code = 'MASS_CANCEL' and a.finished_at = e.created_at
      )`,
  },
];
