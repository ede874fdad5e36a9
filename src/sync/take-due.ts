import { sql } from "kysely";
import { outageLimits } from "../connections/outage-limits.js";
import type { EntityManager } from "../database/orm.js";
import type { ProviderName } from "../providers/provider.js";

/** Connections taken at once. */
export const dueBatchSize = 500;

/** Seconds between two pulls of a connection. */
export interface ProviderIntervals {
  seconds: number;
  googleSeconds: number;
}

export interface ScheduledRun {
  firm_id: string;
  id: string;
  job_id: string;
  provider: ProviderName;
  account_email: string;
}

/** While it fails all the time, or a manager has not decided whether most of it is to be cancelled, asking often is of no use. */
const isSlowed = sql<boolean>`connection.circuit_opened_at is not null or exists (
  select from sync_run refused
  where refused.firm_id = connection.firm_id and refused.connection_id = connection.id
    and refused.open_failure_id is not null and refused.error_code = 'MASS_CANCEL'
)`;

/** While its provider tells of changes, pulls are only for what is not told: less often, but not less than once an hour because of that. */
const channelFactor = 6;
const longestWithChannelSeconds = 3600;

const usualSeconds = ({ seconds, googleSeconds }: ProviderIntervals) =>
  sql<number>`case connection.provider when 'GOOGLE' then ${googleSeconds}::numeric else ${seconds}::numeric end`;

/** Nothing is put off beyond the end of its channel. */
const withChannelSeconds = (intervals: ProviderIntervals) => sql<number | null>`(
  select greatest(usual, least(${channelFactor} * usual, ${longestWithChannelSeconds}))
  from (select ${usualSeconds(intervals)} as usual) as interval
  where exists (
    select from watch_channel channel
    where channel.firm_id = connection.firm_id and channel.connection_id = connection.id
      and channel.expires_at > now() + make_interval(secs => least(${channelFactor} * usual, ${longestWithChannelSeconds})::float8)
  )
)`;

/**
 * So late that no scheduler can have run: then many connections are late, and each waits for its own next time. A first pull does not.
 * A scheduler that is merely busy is never as late, so that it passes none over for ever.
 */
const isMissed = ({ seconds }: ProviderIntervals) => sql<boolean>`
  connection.next_pull_at < now() - make_interval(secs => greatest(5, ${seconds}::float8 / 10)) and exists (
    select from sync_run run where run.firm_id = connection.firm_id and run.connection_id = connection.id
  )`;

/**
 * Takes connections that are due, over all firms: a row for each, with the run made or taken up for it. No pull is made beside one that
 * is queued, running or retrying; one that is held, on a connection that is not, is what would be mended by now: it is tried again.
 *
 * Each is next due at its own moment of the interval, which a hash of its id gives: connections that were imported at once, or that an
 * outage has kept waiting, do not stay together.
 */
export async function takeDue(
  em: EntityManager,
  intervals: ProviderIntervals,
): Promise<(ScheduledRun | { job_id: null })[]> {
  const { rows } = await sql<ScheduledRun | { job_id: null }>`
    with due as (
      select firm_id, id, provider, account_email, ${isMissed(intervals)} as is_missed,
        round(1000 * greatest(
          ${usualSeconds(intervals)}, ${withChannelSeconds(intervals)},
          case when ${isSlowed} then ${outageLimits.slowIntervalSeconds}::numeric end
        ))::bigint as interval_ms,
        hashint8extended(id, 0) & 9223372036854775807 as phase,
        floor(extract(epoch from now()) * 1000)::bigint as now_ms
      from calendar_connection connection where next_pull_at <= now()
      order by next_pull_at limit ${dueBatchSize} for update skip locked
    ),
    postponed as (
      update calendar_connection connection set next_pull_at = date_trunc('milliseconds', now()) + make_interval(
        secs => (due.interval_ms - (due.now_ms - due.phase % due.interval_ms) % due.interval_ms) / 1000.0
      )
      from due where connection.firm_id = due.firm_id and connection.id = due.id
    ),
    active as (
      select run.firm_id, run.connection_id, max(run.id) as newest_id, bool_and(run.status = 'HELD') as is_held
      from due join sync_run run on run.firm_id = due.firm_id and run.connection_id = due.id
      where run.status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD') and run.direction = 'PULL' and run.appointment_id is null
        and not due.is_missed
      group by run.firm_id, run.connection_id
    ),
    resumed as (
      update sync_run run set status = 'QUEUED', job_id = gen_random_uuid()
      from active where active.is_held and run.firm_id = active.firm_id and run.id = active.newest_id and run.status = 'HELD'
      returning run.firm_id, run.connection_id, run.id, run.job_id
    ),
    created as (
      insert into sync_run (firm_id, connection_id, operation, direction, trigger, job_id)
      select due.firm_id, due.id, 'LIST_CHANGES', 'PULL', 'SCHEDULE', gen_random_uuid() from due
      where not due.is_missed
        and not exists (select from active where active.firm_id = due.firm_id and active.connection_id = due.id)
      on conflict do nothing
      returning firm_id, connection_id, id, job_id
    ),
    run as (select * from resumed union all select * from created)
    select due.firm_id, due.provider, due.account_email, run.id, run.job_id
    from due left join run on run.firm_id = due.firm_id and run.connection_id = due.id
  `.execute(em.getKysely());
  return rows;
}
