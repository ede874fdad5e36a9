import type { Invariant } from "./invariant.js";
import { attemptsKeptSince, eventsKeptSince } from "./kept-history.js";

/** Connections: their schedule, their credentials, and the audit of their state. */
export const connectionInvariants: readonly Invariant[] = [
  {
    name: "active-connection-is-scheduled",
    sentence: "Every active connection has a time for its next pull.",
    violations: `
      select firm_id, id as connection_id
      from calendar_connection where status = 'ACTIVE' and next_pull_at is null`,
  },
  {
    name: "credentials",
    sentence: "Every active or paused connection has its credentials.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      left join calendar_credential k on k.firm_id = c.firm_id and k.connection_id = c.id
      where c.status in ('ACTIVE', 'PAUSED') and k.connection_id is null`,
  },
  {
    name: "disconnected-credentials",
    sentence: "A disconnected connection keeps no credentials.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      join calendar_credential k on k.firm_id = c.firm_id and k.connection_id = c.id
      where c.status_reason = 'DISCONNECTED'`,
  },
  {
    name: "revoked-connection-has-no-channel",
    sentence: "A connection that is revoked, disconnected or erased has no channel for notifications.",
    violations: `
      select w.firm_id, w.connection_id
      from watch_channel w
      join calendar_connection c on c.firm_id = w.firm_id and c.id = w.connection_id
      where c.status = 'REVOKED'`,
  },
  {
    name: "stopped-connection-is-audited",
    sentence: "A connection was paused, revoked or disconnected together with the audit event of it.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      where c.status <> 'ACTIVE' and coalesce(c.status_changed_at, now()) >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = c.firm_id and e.resource_type = 'calendar_connection' and e.resource_id = c.id
          and (e.event_type = 'calendar_connection_imported' or (e.created_at = c.status_changed_at and e.event_type = case
            when c.status = 'PAUSED' then 'calendar_connection_paused'
            when c.status_reason = 'DISCONNECTED' and c.status_changed_at = c.erased_at then 'calendar_connection_erased'
            when c.status_reason = 'DISCONNECTED' then 'calendar_connection_disconnected'
            else 'calendar_connection_revoked'
          end))
      )`,
  },
  {
    name: "resumed-connection-is-audited",
    sentence: "A connection became active again together with the audit event of it.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      where c.status = 'ACTIVE' and c.status_changed_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = c.firm_id and e.resource_type = 'calendar_connection' and e.resource_id = c.id
          and (e.event_type = 'calendar_connection_imported' or (e.created_at = c.status_changed_at and e.event_type in
            ('calendar_connection_resumed', 'calendar_connection_reconnected', 'calendar_connection_connected')))
      )`,
  },
  {
    name: "first-run-is-audited",
    sentence:
      "The run that a connected or reconnected calendar began with is audited with who connected it, and every such event has its run.",
    violations: `
      select r.firm_id, r.connection_id, r.id as run_id
      from sync_run r
      where r.trigger = 'CONNECT' and r.created_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = r.firm_id and e.correlation_id = r.correlation_id and e.created_at = r.created_at
          and e.event_type in ('calendar_connection_connected', 'calendar_connection_reconnected')
          and e.resource_id = r.connection_id and e.actor_id = r.requested_by_id
      )
      union all
      select e.firm_id, c.id, null
      from audit_event e
      join calendar_connection c on c.firm_id = e.firm_id and c.id = e.resource_id
      left join sync_run r on r.firm_id = e.firm_id and r.correlation_id = e.correlation_id and r.connection_id = c.id
      where e.event_type in ('calendar_connection_connected', 'calendar_connection_reconnected')
        and e.correlation_id is not null and e.created_at >= ${attemptsKeptSince} and r.id is null`,
  },
  {
    name: "erased-connection",
    sentence:
      "An erased connection was erased with the audit event of it, and has no run under way, no failure to mend and no appointment with content.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      where c.erased_at is not null and (
        exists (
          select from sync_run r where r.firm_id = c.firm_id and r.connection_id = c.id
            and (r.status not in ('SUCCEEDED', 'CANCELLED') or r.reason is not null)
        )
        or exists (
          select from appointment p where p.firm_id = c.firm_id and p.connection_id = c.id
            and p.status_reason is distinct from 'ERASED'
        )
        or c.erased_at >= ${eventsKeptSince} and not exists (
          select from audit_event e
          where e.firm_id = c.firm_id and e.resource_type = 'calendar_connection' and e.resource_id = c.id
            and e.event_type = 'calendar_connection_erased' and e.created_at = c.erased_at
        )
      )`,
  },
];
