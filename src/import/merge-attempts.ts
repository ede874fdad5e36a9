import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";

/** The older service told classes, no codes. */
const errorCode = sql`case line.error_class
  when 'transient' then 'UNEXPECTED_ERROR'
  when 'rate_limited' then 'RATE_LIMITED'
  when 'non_retryable' then 'REQUEST_REFUSED'
end`;

const errorSummary = sql`case when line.status = 'fail' then coalesce(line.error_summary, 'Failed at the older service.') end`;

/** Neither stored nor, by an earlier import and retention, already counted among what its connection has archived. */
const isNew = sql`not exists (
  select from sync_attempt stored where stored.firm_id = line.firm_id and stored.id = line.id
) and not exists (
  select from connection_statistics statistics
  where statistics.firm_id = line.firm_id and statistics.connection_id = line.connection_id
    and line.finished_at <= statistics.archived_until
)`;

/**
 * Adds the firm's attempts that are not stored yet, as history, and counts them. Each is a run of its own that ended with it, since
 * attempts are what the older service kept; a failed one is superseded, its run cancelled, so that nothing of it is open or tried again.
 */
export async function mergeAttempts(unit: UnitOfWork): Promise<void> {
  await giveOwnCorrelationIds(unit);
  await sql`
    with run as (
      insert into sync_run (
        firm_id, correlation_id, connection_id, appointment_id, operation, direction, trigger, status, is_imported, fence, retry_count,
        last_attempt_id, error_class, error_code, error_summary, created_at, started_at, finished_at
      )
      select line.firm_id, line.correlation_id, line.connection_id, line.appointment_id, upper(line.operation), upper(line.direction),
        case line.direction when 'pull' then 'SCHEDULE' else 'LOCAL_CHANGE' end,
        case line.status when 'success' then 'SUCCEEDED' else 'CANCELLED' end, true, 1, coalesce(line.retry_count, 0),
        line.id, upper(line.error_class), ${errorCode}, ${errorSummary}, line.started_at, line.started_at, line.finished_at
      from staged_attempt line where line.firm_id = ${unit.firmId} and ${isNew}
      returning id, last_attempt_id
    ),
    attempt as (
      insert into sync_attempt (
        firm_id, id, run_id, connection_id, appointment_id, provider, operation, direction, status, state,
        error_class, error_code, error_summary, retry_count, max_retries_reached, started_at, finished_at, correlation_id
      )
      select line.firm_id, line.id, run.id, line.connection_id, line.appointment_id, connection.provider,
        upper(line.operation), upper(line.direction), upper(line.status),
        case line.status when 'success' then 'SUCCEEDED' else 'SUPERSEDED' end,
        upper(line.error_class), ${errorCode}, ${errorSummary}, coalesce(line.retry_count, 0), coalesce(line.max_retries_reached, false),
        line.started_at, line.finished_at, line.correlation_id
      from run
      join staged_attempt line on line.firm_id = ${unit.firmId} and line.id = run.last_attempt_id
      join calendar_connection connection on connection.firm_id = line.firm_id and connection.id = line.connection_id
      returning connection_id, status, error_class, finished_at, direction, appointment_id
    ),
    counted as (
      select connection_id,
        count(*) filter (where status = 'SUCCESS') as successes,
        count(*) filter (where error_class = 'TRANSIENT') as transient_failures,
        count(*) filter (where error_class = 'RATE_LIMITED') as rate_limited_failures,
        count(*) filter (where error_class = 'NON_RETRYABLE') as non_retryable_failures,
        max(finished_at) filter (where status = 'SUCCESS') as last_success_at,
        max(finished_at) filter (where status = 'SUCCESS' and direction = 'PULL' and appointment_id is null) as last_pull_at
      from attempt group by connection_id
    )
    update connection_statistics statistics set
      successes = statistics.successes + counted.successes,
      transient_failures = statistics.transient_failures + counted.transient_failures,
      rate_limited_failures = statistics.rate_limited_failures + counted.rate_limited_failures,
      non_retryable_failures = statistics.non_retryable_failures + counted.non_retryable_failures,
      last_successful_sync_at = greatest(statistics.last_successful_sync_at, counted.last_success_at),
      last_sync_at = greatest(statistics.last_sync_at, counted.last_pull_at)
    from counted where statistics.firm_id = ${unit.firmId} and statistics.connection_id = counted.connection_id
  `.execute(unit.em.getKysely());
}

/** A correlation id names one run. Of attempts that share one, the first keeps it; so does a run that has it already. */
async function giveOwnCorrelationIds({ em, firmId }: UnitOfWork): Promise<void> {
  await sql`
    with copies as (
      select id, correlation_id, row_number() over (partition by correlation_id order by id) as copy
      from staged_attempt line where firm_id = ${firmId} and ${isNew}
    )
    update staged_attempt line set correlation_id = gen_random_uuid()
    from copies where line.firm_id = ${firmId} and line.id = copies.id and (
      copies.correlation_id is null or copies.copy > 1
      or exists (select from sync_run stored where stored.firm_id = line.firm_id and stored.correlation_id = copies.correlation_id)
    )
  `.execute(em.getKysely());
}
