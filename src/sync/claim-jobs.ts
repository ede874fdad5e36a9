import { sql } from "kysely";
import type { Job, PgBoss } from "pg-boss";
import type { EntityManager } from "../database/orm.js";
import { prepared } from "../database/prepared-statements.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import { failpoint } from "../failpoints.js";
import { jobPayload, type JobPayload } from "./job-payload.js";
import { preparingDatabase } from "./preparing-database.js";
import { priorities } from "./queue.js";

/** As many requests as Outlook answers at once for a mailbox; an attempt makes one at a time. */
const jobsPerMailbox = 4;

/** The part of all processes' concurrency that one firm may use while another, which uses less, waits. */
const firmShare = 0.25;

/** Any number that no other lock of this database has. */
const claimLock = 7_310_001;

export type ClaimedJob = Pick<Job<JobPayload>, "id" | "retryCount" | "data">;

/**
 * Takes up to so many jobs for this process, by priority and then by age, over all firms; first what a worker has left. Passed over are jobs of mailboxes that have as
 * many jobs under way as they may, and jobs of firms that use their share of the workers, as long as one of a firm that uses less can
 * start: a firm alone has all workers, and several that want more than their shares have as many as each other. One process at a time
 * claims, so that the limits hold exactly.
 */
export async function claimJobs(systemEm: EntityManager, boss: PgBoss, most: number): Promise<ClaimedJob[]> {
  if (!(await isAnyReady(systemEm))) return [];
  return systemEm.fork().transactional(async (em) => {
    // A statement of its own: the next ones see what the claim before has committed.
    await prepared(em, sql`select pg_advisory_xact_lock(${claimLock})`);
    await preferLeftJobs(em);
    const load = await firmLoad(em, most);
    const claimed: ClaimedJob[] = [];
    while (claimed.length < load.ready) {
      const job = await nextJob(em, boss, load);
      if (!job) break;
      claimed.push({ id: job.id, retryCount: job.retryCount, data: jobPayload(job.data) });
    }
    return claimed;
  });
}

const readyJobs = sql`select from ${sql.table(`${queueSchema}.job`)}
  where name = ${sql.lit(syncQueue)} and state < 'active' and not blocked and start_after <= now()`;

/** So that processes with nothing to do do not wait for each other. */
async function isAnyReady(systemEm: EntityManager): Promise<boolean> {
  const { rows } = await prepared(systemEm, sql`${readyJobs} limit 1`);
  return rows.length > 0;
}

/** pg-boss puts a job that its worker has left back at its old place, behind a backlog of others. */
async function preferLeftJobs(em: EntityManager): Promise<void> {
  await prepared(
    em,
    sql`update ${sql.table(`${queueSchema}.job`)} set priority = ${priorities.left}
      where name = ${syncQueue} and state = 'retry' and not blocked and priority < ${priorities.left}`,
  );
}

interface FirmLoad {
  /** Jobs that a firm may have under way whoever else waits. */
  share: number;
  /** Jobs under way, by firm. */
  jobs: Map<string, number>;
  /** Jobs that may start now, as many as are asked for at most, whatever their mailboxes and firms have under way. */
  ready: number;
}

async function firmLoad(em: EntityManager, most: number): Promise<FirmLoad> {
  const load = sql<{ what: "workers" | "ready" | "firm"; firm_id: string | null; count: number }>`
    select 'workers' as what, null as firm_id, coalesce(sum(concurrency), 0)::int as count
    from across_firms.worker_process where lease_ends_at > now()
    union all
    select 'ready', null, count(*)::int from (${readyJobs} limit ${most}) ready
    union all
    select 'firm', group_tier, count(*)::int from ${sql.table(`${queueSchema}.job`)}
    where name = ${syncQueue} and state = 'active' and group_id is not null and group_tier is not null
    group by group_tier
  `;
  const { rows } = await prepared(em, load);
  const countOf = (wanted: string) => rows.find(({ what }) => what === wanted)?.count ?? 0;
  const jobs = rows.flatMap((row): [string, number][] => (row.firm_id === null ? [] : [[row.firm_id, row.count]]));
  return {
    share: Math.max(1, Math.floor(countOf("workers") * firmShare)),
    jobs: new Map(jobs),
    ready: countOf("ready"),
  };
}

/** Looks past every firm that uses its share first, then past those that use more than the least of them, at last past none. */
async function nextJob(em: EntityManager, boss: PgBoss, { share, jobs }: FirmLoad): Promise<Job<unknown> | null> {
  const counts = [...new Set(jobs.values())].filter((count) => count >= share).sort((one, other) => one - other);
  for (const least of [...counts, Number.POSITIVE_INFINITY]) {
    const passedOver = [...jobs].filter(([, count]) => count >= least).map(([firmId]) => firmId);
    const job = await fetchJob(em, boss, passedOver);
    if (!job) continue;
    if (job.groupTier) jobs.set(job.groupTier, (jobs.get(job.groupTier) ?? 0) + 1);
    return job;
  }
  return null;
}

/** A job's group is its mailbox and its tier is its firm: a tier that nothing may start of passes the firm over. */
async function fetchJob(em: EntityManager, boss: PgBoss, passedOver: readonly string[]): Promise<Job<unknown> | null> {
  const tiers = Object.fromEntries(passedOver.map((firmId) => [firmId, 0]));
  const [job] = await boss.fetch<unknown>(syncQueue, {
    groupConcurrency: { default: jobsPerMailbox, tiers },
    db: preparingDatabase(em),
  });
  if (job) await failpoint("claim.fetched");
  return job ?? null;
}
