import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { RetryPolicy } from "./retry-policy.js";
import type { SyncRun } from "./sync-run.entity.js";

const restedAfterSeconds = 3600;

/**
 * When a new pull may start: one begun within an hour of a pull of its connection that used up its retries against a rate limit
 * waits the longest delay first, so that an account that is asked too often is not asked anew at every interval. Null is at
 * once. What a manager replays, and what has succeeded since, does not wait.
 */
export async function earliestStart(unit: UnitOfWork, run: SyncRun, policy: RetryPolicy): Promise<Date | null> {
  const isNew = run.direction === "PULL" && run.lastAttemptId === null;
  const earliest = new Date(run.createdAt.getTime() + policy.maxDelaySeconds * 1000);
  if (!isNew || earliest <= unit.now || !(await isTired(unit, run))) return null;
  return earliest;
}

/** Only the newest failures are looked at: an hour has no more of them. */
async function isTired(unit: UnitOfWork, run: SyncRun): Promise<boolean> {
  const { rows } = await prepared(
    unit.em,
    sql`
    select from (
      select * from sync_attempt
      where firm_id = ${unit.firmId} and connection_id = ${run.connectionId} and status = 'FAIL'
      order by id desc limit 100
    ) failed
    where max_retries_reached and error_class = 'RATE_LIMITED' and direction = 'PULL' and state <> 'RESOLVED'
      and finished_at > ${run.createdAt}::timestamptz - make_interval(secs => ${restedAfterSeconds})
    limit 1
  `,
  );
  return rows.length > 0;
}
