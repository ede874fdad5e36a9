/** Instants as PostgreSQL writes them in JSON: with +00:00, which costs it less than our Z. */
const attempt = `
  'id', a.id::text, 'connectionId', a.connection_id::text, 'operation', a.operation, 'direction', a.direction, 'status', a.status,
  'state', a.state, 'errorClass', a.error_class, 'errorCode', a.error_code, 'errorSummary', a.error_summary, 'retryCount', a.retry_count,
  'maxRetriesReached', a.max_retries_reached, 'nextRetryAt', a.next_retry_at, 'startedAt', a.started_at,
  'finishedAt', a.finished_at, 'correlationId', a.correlation_id`;

const failedAttempts = (more: string, key: string) => `
  with page as materialized (
    select * from sync_attempt a where a.firm_id = $1 and a.state = 'OPEN' and not a.max_retries_reached ${more} order by a.id desc limit 26
  ), shown as (select * from page order by id desc limit 25)
  select json_build_object('data', json_build_object('failedAttempts', json_build_object(
    'totalCount', (select coalesce(sum(open_retryable + open_non_retryable), 0) from connection_statistics where firm_id = $1 ${key}),
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 25 from page),
      'endCursor', (select encode(convert_to('1:failedAttempts:' || min(id), 'UTF8'), 'base64') from shown)),
    'nodes', (select coalesce(json_agg(json_build_object(${attempt}) order by a.id desc), '[]'::json) from shown a)
  )))::text as body`;

const syncStatus = `
  select json_build_object('data', json_build_object('syncStatus', json_build_object(
    'connectionId', c.id::text, 'provider', c.provider, 'status', c.status, 'lastSyncAt', s.last_sync_at,
    'lastSyncCursor', c.cursor, 'statistics', json_build_object(
      'totalAttempts', n.successes + n.failures, 'successes', n.successes, 'failures', n.failures,
      'successRate', case when n.successes + n.failures > 0 then round(100.0 * n.successes / (n.successes + n.failures), 1) end,
      'maxRetriesReached', s.open_exhausted, 'pendingRetry', least(s.open_retryable, (select count(*) from (
        select from sync_attempt a where a.firm_id = $1 and a.connection_id = c.id and a.state = 'OPEN' and a.next_retry_at > now()
        limit 10000) waiting)),
      'eligibleForRetry', s.open_retryable, 'errorBreakdown', json_build_object('transient', s.transient_failures,
        'nonRetryable', s.non_retryable_failures, 'rateLimited', s.rate_limited_failures),
      'lastSuccessfulSync', s.last_successful_sync_at, 'lastSyncCursor', c.cursor))))::text as body
  from calendar_connection c join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    cross join lateral (select s.successes, s.transient_failures + s.rate_limited_failures + s.non_retryable_failures as failures) n
  where c.firm_id = $1 and c.id = $2`;

/** By the first segment of the path: a statement of the firm's id and the second segment. */
export const rawAnswers: Readonly<Record<string, string>> = {
  failedAttempts: failedAttempts("and $2::bigint = 0", "and $2::bigint = 0"),
  failedAttemptsOfConnection: failedAttempts("and a.connection_id = $2", "and connection_id = $2"),
  syncStatus,
};
