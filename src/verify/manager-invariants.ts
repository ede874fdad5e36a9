import type { Invariant } from "./invariant.js";
import { attemptsKeptSince, eventsKeptSince } from "./kept-history.js";

/** What managers have asked for besides resyncs: replays and cancellations, each with its audit. */
export const managerInvariants: readonly Invariant[] = [
  {
    name: "replay-of-failure",
    sentence: "A replay is of an earlier attempt of its run, which failed with what may be repeated.",
    violations: `
      with replay as (
        select firm_id, run_id, id as attempt_id, id as before_id, replay_of_id, started_at as since
        from sync_attempt where replay_of_id is not null
        union all
        select firm_id, id, null, null, replay_of_id, now() from sync_run where replay_of_id is not null
      )
      select r.firm_id, r.run_id, r.attempt_id, r.replay_of_id
      from replay r
      left join sync_attempt a on a.firm_id = r.firm_id and a.id = r.replay_of_id
      where case
        when a.id is null then r.since >= ${attemptsKeptSince}
        else a.run_id <> r.run_id or a.status <> 'FAIL' or a.error_class = 'NON_RETRYABLE' or a.id >= r.before_id
      end`,
  },
  {
    name: "replay-waits",
    sentence: "A run that is to be replayed is queued, or held; its replay is no longer waited for once it has begun.",
    violations: `
      select firm_id, id as run_id from sync_run where replay_of_id is not null and status not in ('QUEUED', 'HELD')`,
  },
  {
    name: "replay-was-requested",
    sentence:
      "Every replay was asked for by a manager, and every one that was asked for has begun, waits, or was cancelled.",
    violations: `
      with asked as (
        select firm_id, correlation_id, count(*) as requests, count(*) filter (where actor_id is null) as by_nobody
        from audit_event where event_type = 'calendar_sync_manual_replay_requested' group by firm_id, correlation_id
      ),
      begun as (
        select firm_id, run_id, count(*) as replays from sync_attempt where replay_of_id is not null group by firm_id, run_id
      )
      select r.firm_id, r.id as run_id
      from sync_run r
      left join asked on asked.firm_id = r.firm_id and asked.correlation_id = r.correlation_id
      left join begun on begun.firm_id = r.firm_id and begun.run_id = r.id
      where r.created_at >= greatest(${attemptsKeptSince}, ${eventsKeptSince}) and (asked.by_nobody > 0 or case
        when r.status = 'CANCELLED' then coalesce(asked.requests, 0) < coalesce(begun.replays, 0)
        else coalesce(asked.requests, 0) <> coalesce(begun.replays, 0) + (r.replay_of_id is not null)::int
      end)`,
  },
  {
    name: "replay-is-audited",
    sentence:
      "Every replay that has ended has exactly one audit event of its outcome as a replay, none as a retry; nothing else has one.",
    violations: `
      with told as (
        select firm_id, resource_id as attempt_id,
          count(*) filter (where event_type = 'calendar_sync_manual_replay_success') as successes,
          count(*) filter (where event_type = 'calendar_sync_manual_replay_failed') as failures,
          count(*) filter (where event_type = 'calendar_sync_retry') as retries
        from audit_event
        where resource_type = 'sync_attempt'
          and event_type in ('calendar_sync_manual_replay_success', 'calendar_sync_manual_replay_failed', 'calendar_sync_retry')
        group by firm_id, resource_id
      )
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      left join told t on t.firm_id = a.firm_id and t.attempt_id = a.id
      where a.started_at >= ${eventsKeptSince} and case
        when a.replay_of_id is null or a.status = 'RUNNING' then t.successes + t.failures > 0
        else (t.successes = (a.status = 'SUCCESS')::int and t.failures = (a.status = 'FAIL')::int and t.retries = 0) is not true
      end`,
  },
  {
    name: "cancelled-attempt",
    sentence: "An attempt that a manager has cancelled is superseded, the last of a cancelled run.",
    violations: `
      select a.firm_id, a.run_id, a.id as attempt_id
      from sync_attempt a
      join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
      where a.error_code = 'CANCELLED'
        and (a.state <> 'SUPERSEDED' or r.status <> 'CANCELLED' or r.last_attempt_id is distinct from a.id)`,
  },
  {
    name: "asked-cancellation",
    sentence: "A run that a manager wants to end is running still, or cancelled, and the audit names that manager.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      where r.cancel_requested_by_id is not null and r.status <> 'RUNNING' and (r.status <> 'CANCELLED' or (
        r.finished_at >= ${eventsKeptSince} and not exists (
          select from audit_event e
          where e.firm_id = r.firm_id and e.correlation_id = r.correlation_id
            and e.event_type = 'calendar_sync_run_cancelled' and e.actor_id = r.cancel_requested_by_id
        )
      ))`,
  },
  {
    name: "idempotency-key-of-request",
    sentence:
      "Every idempotency key was stored with the audit event of its user's request, and names that request's run.",
    violations: `
      select k.firm_id, k.run_id
      from idempotency_key k
      join sync_run r on r.firm_id = k.firm_id and r.id = k.run_id
      where k.created_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = k.firm_id and e.correlation_id = r.correlation_id
          and e.actor_id = k.user_id and e.created_at = k.created_at
          and e.event_type = case k.operation
            when 'resyncConnection' then 'calendar_connection_resync_requested'
            when 'resyncAppointment' then 'appointment_resync_requested'
            when 'replayAttempt' then 'calendar_sync_manual_replay_requested'
            when 'createAppointment' then 'appointment_created'
            when 'updateAppointment' then 'appointment_updated'
            when 'cancelAppointment' then 'appointment_cancelled'
          end
      )`,
  },
];
