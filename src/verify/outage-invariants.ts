import type { Invariant } from "./invariant.js";
import { eventsKeptSince } from "./kept-history.js";

/** Circuits of connections, and what waits for the retry budget or for a provider that is down. */
export const outageInvariants: readonly Invariant[] = [
  {
    name: "circuit-is-audited",
    sentence: "A connection's circuit is open exactly since the newest audit event of its circuit says so.",
    violations: `
      with newest as (
        select distinct on (firm_id, resource_id) firm_id, resource_id as connection_id, created_at,
          event_type = 'calendar_connection_circuit_opened' as has_opened
        from audit_event
        where resource_type = 'calendar_connection'
          and event_type in ('calendar_connection_circuit_opened', 'calendar_connection_circuit_closed')
        order by firm_id, resource_id, id desc
      )
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      left join newest n on n.firm_id = c.firm_id and n.connection_id = c.id
      where case
        when c.circuit_opened_at is null then n.has_opened
        else c.circuit_opened_at >= ${eventsKeptSince} and (n.has_opened and n.created_at = c.circuit_opened_at) is not true
      end`,
  },
  {
    name: "circuit-counts-failed-runs",
    sentence: "A connection's circuit counts no more failed runs than have failed in a row.",
    violations: `
      select c.firm_id, c.id as connection_id
      from calendar_connection c
      join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
      where c.circuit_failures > s.consecutive_failures`,
  },
  {
    name: "reserved-retry",
    sentence: "Only a run that waits for its retry, or for its recovery, has a place in the retry budget.",
    violations: `
      select firm_id, id as run_id
      from sync_run where has_retry_slot and status <> 'RETRYING' and (status <> 'QUEUED' or trigger <> 'RECOVERY')`,
  },
  {
    name: "waiting-for-provider",
    sentence: "Only a queued or retrying run waits for its provider to be back.",
    violations: `
      select firm_id, id as run_id from sync_run where waits_for_provider and status not in ('QUEUED', 'RETRYING')`,
  },
  {
    name: "provider-traffic",
    sentence: "Every provider that is synced has its retry budget and its breaker.",
    violations: `
      select distinct c.provider
      from calendar_connection c
      where not exists (select from across_firms.provider_traffic t where t.provider = c.provider)`,
  },
];
