import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import type { ProviderName } from "../providers/provider.js";

/** The pull that waited is due at once; the one after it, which was put off with it, comes within this, and not with all others. */
const nextPullWithinSeconds = 300;

/**
 * Makes runs that wait for a provider due now, up to so many, over all firms: any of them, so that not always the same one probes, but
 * connections that fail by themselves last. Returns how many. What others have in hand is left for the next time.
 */
export async function releaseWaiting(systemEm: EntityManager, provider: ProviderName, most: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with waiting as (
      select run.firm_id, run.id, run.connection_id, run.job_id, run.open_failure_id, run.status = 'RETRYING' as is_retrying,
        run.direction = 'PULL' and run.appointment_id is null as is_pull
      from sync_run run
      join calendar_connection connection on connection.firm_id = run.firm_id and connection.id = run.connection_id
      where run.waits_for_provider and connection.provider = ${provider}
      order by connection.circuit_opened_at is not null, random() limit ${most}
      for update of run, connection skip locked
    ),
    run as (
      update sync_run run set waits_for_provider = false, next_retry_at = case when is_retrying then now() end
      from waiting where run.firm_id = waiting.firm_id and run.id = waiting.id
    ),
    failure as (
      update sync_attempt failure set next_retry_at = now()
      from waiting where is_retrying and failure.firm_id = waiting.firm_id and failure.id = waiting.open_failure_id
    ),
    connection as (
      update calendar_connection connection
      set next_pull_at = least(next_pull_at, now() + random() * make_interval(secs => ${nextPullWithinSeconds}))
      from waiting where is_pull and connection.firm_id = waiting.firm_id and connection.id = waiting.connection_id
        and connection.next_pull_at is not null and connection.circuit_opened_at is null
    ),
    job as (
      update ${sql.raw(queueSchema)}.job job set start_after = now()
      from waiting where job.name = ${syncQueue} and job.id = waiting.job_id and job.state = 'created'
    )
    select count(*)::int as count from waiting
  `.execute(systemEm.getKysely());
  return rows[0]?.count ?? 0;
}
