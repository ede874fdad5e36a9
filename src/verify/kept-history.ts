/** How many days of history a database keeps: older attempts, runs and audit events may have been dropped, and are not missed. */
export interface KeptHistory {
  /** Of attempts and finished runs. Default 90. */
  retentionDays?: number;
  /** Of audit events. Default 730. */
  auditRetentionDays?: number;
}

const attemptsSetting = "verify.attempts_kept_since";
const eventsSetting = "verify.events_kept_since";

/** SQL for the instant from which on attempts and runs are complete. */
export const attemptsKeptSince = `current_setting('${attemptsSetting}')::timestamptz`;

/** SQL for the instant from which on audit events are complete. */
export const eventsKeptSince = `current_setting('${eventsSetting}')::timestamptz`;

/** The statement that gives both their values, until the transaction ends. */
export function keptHistoryStatement({ retentionDays = 90, auditRetentionDays = 730 }: KeptHistory): {
  text: string;
  values: number[];
} {
  return {
    text: `
      select set_config('${attemptsSetting}', (now() - make_interval(days => $1::int))::text, true),
        set_config('${eventsSetting}', (now() - make_interval(days => $2::int))::text, true)`,
    values: [retentionDays, auditRetentionDays],
  };
}
