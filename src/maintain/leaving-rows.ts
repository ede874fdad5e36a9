import { attemptsLeaveBefore } from "./retention.js";

/**
 * SQL: whether the run `r` is over for so long that it leaves, with all its attempts. What is open, waits or is held stays, however old, with
 * its whole chain of attempts; so does the push of an appointment that has something to tell its provider still.
 */
export function isLeaving(before = attemptsLeaveBefore): string {
  return `(r.status in ('SUCCEEDED', 'CANCELLED') and r.open_failure_id is null and r.finished_at < ${before} and not exists (
    select from appointment p where p.firm_id = r.firm_id and p.id = r.appointment_id and p.unpushed_fields <> '{}'
  ))`;
}

/** SQL: whether the audit event `e` is needed still: a manager's run changes its state only beside the event of its request. */
export const isNeededEvent = `(e.event_type in ('calendar_connection_resync_requested', 'appointment_resync_requested') and exists (
    select from sync_run r
    where r.firm_id = e.firm_id and r.correlation_id = e.correlation_id and r.trigger = 'MANUAL'
      and r.status not in ('SUCCEEDED', 'CANCELLED')
  ))`;
