import { sql } from "kysely";
import { fromKysely, type Job, type PgBoss } from "pg-boss";
import type { EntityManager } from "../database/orm.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import { failpoint } from "../failpoints.js";
import { jobPayload, type JobPayload } from "./job-payload.js";

/** As many requests as Outlook answers at once for a mailbox; an attempt makes one at a time. */
const jobsPerMailbox = 4;

/** The part of all processes' concurrency that one firm may use while another, which uses less, waits. */
const firmShare = 0.25;

/** Any number that no other lock of this database has. */
const claimLock = 7_310_001;

export type ClaimedJob = Pick<Job<JobPayload>, "id" | "retryCount" | "data">;

/**
 * Takes the next job for this process, by priority and then by age, over all firms; null where none may start now. Passed over are
 * jobs of mailboxes that have as many jobs under way as they may, and jobs of firms that use their share of the workers, as long as
 * one of a firm that uses less can start: a firm alone has all workers, and several that want more than their shares have as many as
 * each other. One claim at a time, over all processes, so that the limits hold exactly.
 */
export async function claimJob(systemEm: EntityManager, boss: PgBoss): Promise<ClaimedJob | null> {
  if (!(await isAnyReady(systemEm))) return null;
  return systemEm.fork().transactional(async (em) => {
    // A statement of its own: the next ones see what the claim before has committed.
    await sql`select pg_advisory_xact_lock(${claimLock})`.execute(em.getKysely());
    for (const passedOver of passedOverInTurn(await firmsAtTheirShare(em))) {
      const job = await fetchJob(em, boss, passedOver);
      if (job) return job;
    }
    return null;
  });
}

/** So that processes with nothing to do do not wait for each other. */
async function isAnyReady(systemEm: EntityManager): Promise<boolean> {
  const { rows } = await sql`
    select from ${sql.table(`${queueSchema}.job`)}
    where name = ${syncQueue} and state < 'active' and not blocked and start_after <= now() limit 1
  `.execute(systemEm.fork().getKysely());
  return rows.length > 0;
}

interface ServedFirm {
  firm_id: string;
  jobs: number;
}

async function firmsAtTheirShare(em: EntityManager): Promise<ServedFirm[]> {
  const { rows } = await sql<ServedFirm>`
    select group_tier as firm_id, count(*)::int as jobs from ${sql.table(`${queueSchema}.job`)}
    where name = ${syncQueue} and state = 'active' and group_id is not null and group_tier is not null
    group by group_tier
    having count(*) >= greatest(1, floor(${firmShare}::float8 * (
      select coalesce(sum(concurrency), 0) from across_firms.worker_process where lease_ends_at > now()
    )))
  `.execute(em.getKysely());
  return rows;
}

/** First every firm that uses its share, then those that use more than the least of them, and so on; at last none. */
function passedOverInTurn(served: readonly ServedFirm[]): string[][] {
  const counts = [...new Set(served.map(({ jobs }) => jobs))].sort((one, other) => one - other);
  return [...counts, Number.POSITIVE_INFINITY].map((least) =>
    served.filter(({ jobs }) => jobs >= least).map((firm) => firm.firm_id),
  );
}

/** A job's group is its mailbox and its tier is its firm: a tier that nothing may start of passes the firm over. */
async function fetchJob(em: EntityManager, boss: PgBoss, passedOver: readonly string[]): Promise<ClaimedJob | null> {
  const tiers = Object.fromEntries(passedOver.map((firmId) => [firmId, 0]));
  const [job] = await boss.fetch(syncQueue, {
    groupConcurrency: { default: jobsPerMailbox, tiers },
    db: fromKysely(em.getKysely()),
  });
  if (job) await failpoint("claim.fetched");
  return job ? { id: job.id, retryCount: job.retryCount, data: jobPayload(job.data) } : null;
}
