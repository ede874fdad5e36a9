import type pg from "pg";
import { addPartition } from "../../src/maintain/add-partitions.js";
import { partitionedTables } from "../../src/maintain/partitioned-tables.js";

/** Rows of each large table. */
const hotRows = 200_000;

/** Firm 1 has a quarter of the connections and over a third of all rows; its connection 1 has every fourth row of all. */
const firms = 100;
const connectionsOfFirm = 500;
const connections = 2_000;

/** The connection of row `n`. */
const connectionOf = `case when n % 4 = 0 then 1 else 1 + n % ${connections} end`;
const firmOf = (connection: string) =>
  `case when ${connection} <= ${connectionsOfFirm} then 1 else 2 + ${connection} % ${firms - 1} end`;

/** Each row's connection and firm, as columns of `n`. */
const numbers = `(
  select n, connection_id, ${firmOf("connection_id")} as firm_id
  from (select n, ${connectionOf} as connection_id from generate_series(1, ${hotRows}) n) numbered
) row`;

/** The time at which row `n` was written: one every two minutes. */
const writtenAt = `now() - (${hotRows} - n) * interval '2 minutes'`;

/** Of 20 runs one was cancelled with its failure superseded, of 101 one has failed and is open, of 10 one is of an appointment. */
const isOpen = "n % 101 = 0";
const isSuperseded = "n % 20 = 1 and n % 101 <> 0";
const isOfAppointment = "n % 10 = 9";
const operation = `case when ${isOfAppointment} then 'UPSERT' when n % 1000 = 500 then 'RESYNC' else 'LIST_CHANGES' end`;
const direction = "case when n % 50 = 49 then 'PUSH' else 'PULL' end";
const appointment = `case when ${isOfAppointment} then n end`;
const isFailed = `(${isOpen} or ${isSuperseded})`;
const errorClass = `case when ${isFailed} then (array['TRANSIENT', 'RATE_LIMITED', 'NON_RETRYABLE'])[1 + n % 3] end`;
const errorCode = `case when ${isFailed} then 'CODE_' || n % 7 end`;
const errorSummary = `case when ${isFailed} then 'Failed' end`;
const isExhausted = `(${isOpen} and n % 3 < 2 and n % 2 = 0)`;

const inserts = [
  `insert into firm (id, name) select n, 'Firm ' || n from generate_series(1, ${firms}) n`,
  `insert into calendar_connection (firm_id, id, provider, owner_id, account_email, calendar_id, calendar_name, next_pull_at)
   select ${firmOf("n")}, n, case when n % 3 = 0 then 'MICROSOFT' else 'GOOGLE' end, 'staff-' || n % 50, 'user' || n || '@x.test', 'primary', 'Calendar ' || n, now()
   from generate_series(1, ${connections}) n`,
  `insert into appointment (firm_id, id, connection_id, title, status, starts_at, ends_at, external_event_id, recurring_event_id, updated_at)
   select firm_id, n, connection_id, 'Visit', case when n % 30 = 0 then 'CANCELLED' else 'CONFIRMED' end,
     ${writtenAt}, ${writtenAt} + interval '1 hour', 'event-' || n, case when n % 5 = 0 then 'series-' || n / 50 end, ${writtenAt}
   from ${numbers}`,
  `insert into sync_run (firm_id, id, correlation_id, connection_id, appointment_id, operation, direction, trigger, status, fence,
     last_attempt_id, open_failure_id, error_class, error_code, error_summary, created_at, started_at, finished_at)
   select firm_id, n, md5(n::text)::uuid, connection_id, ${appointment}, ${operation}, ${direction}, 'SCHEDULE',
     case when ${isOpen} then 'FAILED' when ${isSuperseded} then 'CANCELLED' else 'SUCCEEDED' end, 1,
     n, case when ${isOpen} then n end, ${errorClass}, ${errorCode}, ${errorSummary}, ${writtenAt}, ${writtenAt}, ${writtenAt}
   from ${numbers}`,
  `insert into sync_attempt (firm_id, id, run_id, connection_id, appointment_id, provider, operation, direction, status, state,
     error_class, error_code, error_summary, max_retries_reached, next_retry_at, started_at, finished_at, correlation_id)
   select firm_id, n, n, connection_id, ${appointment}, 'GOOGLE', ${operation}, ${direction},
     case when ${isFailed} then 'FAIL' else 'SUCCESS' end,
     case when ${isOpen} then 'OPEN' when ${isSuperseded} then 'SUPERSEDED' else 'SUCCEEDED' end,
     ${errorClass}, ${errorCode}, ${errorSummary}, ${isExhausted},
     case when ${isOpen} and not ${isExhausted} then now() + interval '1 hour' end, ${writtenAt}, ${writtenAt}, md5(n::text)::uuid
   from ${numbers}`,
  `insert into audit_event (firm_id, id, event_type, event_category, severity, actor_id, resource_type, resource_id, correlation_id, created_at)
   select firm_id, n, (array['calendar_sync_retry', 'appointment_time_changed_by_sync', 'audit_events_read', 'calendar_connection_paused'])[1 + n % 4],
     'calendar_sync', case when n % 500 = 7 then 'error' else 'info' end, case when n % 2 = 0 then 'manager-' || n % 20 end,
     'calendar_connection', connection_id, md5(n::text)::uuid, ${writtenAt}
   from ${numbers}`,
  `insert into connection_statistics (firm_id, connection_id, successes, open_retryable, consecutive_failures)
   select firm_id, connection_id, count(*) filter (where status = 'SUCCESS'), count(*) filter (where state = 'OPEN'), 1
   from sync_attempt group by firm_id, connection_id`,
];

/** Fills the tables, over so many partitions where they are partitioned, with one statement each. */
export async function insertHotRows(owner: pg.Client, superuser: pg.Client, partitions = 4): Promise<void> {
  const ids = Math.ceil(hotRows / partitions) + 1;
  for (const table of partitionedTables) {
    for (let from = 0; from < hotRows; from += ids) {
      await addPartition(owner, table, { name: `${table}_${from}`, from, to: from + ids });
    }
  }
  const indexes = await dropIndexes(superuser);
  // Without triggers and foreign keys: all is as they would have it.
  await superuser.query("set session_replication_role = replica");
  for (const insert of inserts) await superuser.query(insert);
  await superuser.query("reset session_replication_role");
  for (const table of partitionedTables) {
    await superuser.query(`select setval(pg_get_serial_sequence('${table}', 'id'), ${hotRows})`);
  }
  for (const index of indexes) await superuser.query(index);
  await superuser.query("analyze");
}

/** Those that no constraint needs; returns the statements that make them as they were, which at the end costs a quarter. */
async function dropIndexes(superuser: pg.Client): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string; definition: string }>(`
    select i.oid::regclass::text as name, replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ') as definition
    from pg_index join pg_class i on i.oid = indexrelid
    where indrelid in ('appointment'::regclass, 'sync_run'::regclass, 'sync_attempt'::regclass, 'audit_event'::regclass)
      and not exists (select from pg_constraint where conindid = i.oid)`);
  for (const { name } of rows) await superuser.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition);
}
