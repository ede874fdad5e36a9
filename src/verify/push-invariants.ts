import type { Invariant } from "./invariant.js";
import { attemptsKeptSince, eventsKeptSince } from "./kept-history.js";

/** What our own side has changed: it reaches the provider, once, and the audit knows it. */
export const pushInvariants: readonly Invariant[] = [
  {
    name: "unpushed-change-has-push",
    sentence:
      "An appointment that has something to tell its provider has a push, and its newest one has not succeeded.",
    violations: `
      select p.firm_id, p.connection_id, p.id as appointment_id
      from appointment p
      left join lateral (
        select r.status from sync_run r
        where r.firm_id = p.firm_id and r.appointment_id = p.id and r.direction = 'PUSH' order by r.id desc limit 1
      ) newest on true
      where p.unpushed_fields <> '{}'
        and (newest.status = 'SUCCEEDED' or (newest.status is null and p.updated_at >= ${attemptsKeptSince}))`,
  },
  {
    name: "pushed-appointment-has-event",
    sentence: "A live appointment that has been pushed has an event at its provider.",
    violations: `
      select firm_id, connection_id, id as appointment_id
      from appointment where pushed_at is not null and external_event_id is null and status <> 'CANCELLED'`,
  },
  {
    name: "one-open-push-failure",
    sentence: "An appointment has at most one push that has failed and is open.",
    violations: `
      select firm_id, connection_id, appointment_id
      from sync_run where direction = 'PUSH' and open_failure_id is not null
      group by firm_id, connection_id, appointment_id having count(*) > 1`,
  },
  {
    name: "local-change-is-audited",
    sentence: "Every push has the audit event of the change of our side that it was made for.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      where r.direction = 'PUSH' and not r.is_imported and r.created_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = r.firm_id and e.correlation_id = r.correlation_id and e.resource_type = 'appointment'
          and e.resource_id = r.appointment_id
          and e.event_type in ('appointment_created', 'appointment_updated', 'appointment_cancelled')
      )`,
  },
  {
    name: "cancelled-here-is-audited",
    sentence: "Every appointment that our side has cancelled has the audit event of it.",
    violations: `
      select p.firm_id, p.connection_id, p.id as appointment_id
      from appointment p
      where p.status = 'CANCELLED' and p.status_reason = 'CANCELLED_HERE' and p.updated_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = p.firm_id and e.resource_type = 'appointment' and e.resource_id = p.id
          and e.event_type = 'appointment_cancelled'
      )`,
  },
  {
    name: "recovery-is-audited",
    sentence: "Every push that goes on as a recovery has the audit event of it, without an actor.",
    violations: `
      select r.firm_id, r.id as run_id
      from sync_run r
      where r.trigger = 'RECOVERY' and r.created_at >= ${eventsKeptSince} and not exists (
        select from audit_event e
        where e.firm_id = r.firm_id and e.correlation_id = r.correlation_id
          and e.event_type = 'calendar_sync_recovery_requested' and e.actor_id is null
      )`,
  },
];
