import type { Invariant } from "./invariant.js";
import { eventsKeptSince } from "./kept-history.js";

/** What syncing did to appointments: counted, audited, and noted only while it is under way. */
export const appointmentInvariants: readonly Invariant[] = [
  {
    name: "cancelled-appointment-is-audited",
    sentence: "Every appointment that syncing has cancelled has the audit event of it.",
    violations: `
      with told as (
        select firm_id, resource_id as appointment_id, upper(metadata ->> 'reason') as reason, min(created_at) as first_at
        from audit_event where event_type = 'appointment_cancelled_by_sync' and resource_type = 'appointment'
        group by firm_id, resource_id, upper(metadata ->> 'reason')
      )
      select p.firm_id, p.connection_id, p.id as appointment_id
      from appointment p
      left join told t on t.firm_id = p.firm_id and t.appointment_id = p.id and t.reason = p.status_reason
      where p.status = 'CANCELLED' and p.status_reason in ('REMOVED_AT_PROVIDER', 'MISSING_AT_PROVIDER')
        and p.updated_at >= ${eventsKeptSince} and (t.first_at <= p.updated_at) is not true`,
  },
  {
    name: "run-counts-cancelled-appointments",
    sentence:
      "A run counts as many cancelled appointments as the audit has events of them; a push beside them the one whose event it has removed.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      left join (${eventsByRun("appointment_cancelled_by_sync")}) told
        on told.firm_id = r.firm_id and told.correlation_id = r.correlation_id
      where r.cancelled_count - coalesce(told.events, 0) not between 0 and (r.direction = 'PUSH')::int and r.created_at >= ${eventsKeptSince}`,
  },
  {
    name: "run-counts-moved-appointments",
    sentence:
      "A run counts at least as many updated appointments, or a push made ones, as the audit has events of changed times.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      join (${eventsByRun("appointment_time_changed_by_sync")}) told
        on told.firm_id = r.firm_id and told.correlation_id = r.correlation_id
      where r.updated_count + case r.direction when 'PUSH' then r.created_count else 0 end < told.events`,
  },
  {
    name: "notes-of-full-rounds",
    sentence: "What a full round has seen is noted only until its run ends.",
    violations: `
      select distinct n.firm_id, n.run_id
      from seen_appointment n
      left join sync_run r on r.firm_id = n.firm_id and r.id = n.run_id
      where (r.is_full_round and r.status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD')) is not true`,
  },
  {
    name: "noted-is-counted",
    sentence: "No full round has noted more appointments than it counts; fewer only after a crash of PostgreSQL.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      join (select firm_id, run_id, count(*) as appointments from seen_appointment group by firm_id, run_id) noted
        on noted.firm_id = r.firm_id and noted.run_id = r.id
      where noted.appointments > r.seen_count`,
  },
];

function eventsByRun(eventType: string): string {
  return `
        select firm_id, correlation_id, count(*) as events
        from audit_event where event_type = '${eventType}' group by firm_id, correlation_id
      `;
}
