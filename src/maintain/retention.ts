import type pg from "pg";

/** How long history is kept, and in what pieces it lies. */
export interface Retention {
  /** Of attempts and of runs that have ended. */
  days: number;
  /** Of audit events. */
  auditDays: number;
  /** That a partition holds at least. */
  partitionIds: number;
}

const attemptsSetting = "maintain.attempts_leave_before";
const lateAttemptsSetting = "maintain.attempts_leave_singly_before";
const eventsSetting = "maintain.events_leave_before";
const lateEventsSetting = "maintain.events_leave_singly_before";

/** SQL for the instant before which a run must have ended for it and its attempts to leave. */
export const attemptsLeaveBefore = instantOf(attemptsSetting);
/** SQL for the instant from before which audit events leave. */
export const eventsLeaveBefore = instantOf(eventsSetting);

/**
 * SQL for the instants before which rows leave also out of a partition in use. A partition that is dropped whole costs nothing, so its rows
 * may wait for that, but for no more than an eighth of the retention.
 */
export const attemptsLeaveSinglyBefore = instantOf(lateAttemptsSetting);
export const eventsLeaveSinglyBefore = instantOf(lateEventsSetting);

function instantOf(setting: string): string {
  return `current_setting('${setting}')::timestamptz`;
}

/** An event and what it tells of are written within moments of each other: `verify` misses neither while the other is kept. */
const slack = "interval '1 hour'";

/** Fixes these instants for the session, by the database's clock. */
export async function fixInstants(owner: pg.Client, { days, auditDays }: Retention): Promise<void> {
  const before = (setting: string, parameter: string, share: number) =>
    `set_config('${setting}', (now() - ${parameter}::int * ${share} * interval '1 day' - ${slack})::text, false)`;
  await owner.query(
    `select ${before(attemptsSetting, "$1", 1)}, ${before(lateAttemptsSetting, "$1", 1.125)},
      ${before(eventsSetting, "$2", 1)}, ${before(lateEventsSetting, "$2", 1.125)}`,
    [days, auditDays],
  );
}
