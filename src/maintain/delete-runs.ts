import type pg from "pg";
import { failpoint } from "../failpoints.js";
import { briefTransaction } from "./brief-transaction.js";
import { archivedCounts, archiveFrom } from "./drop-attempts.js";
import { isLeaving } from "./leaving-rows.js";
import { firstPartitionedId } from "./partitioned-tables.js";
import { attemptsLeaveBefore, attemptsLeaveSinglyBefore } from "./retention.js";

/**
 * Deletes runs that have ended before the retention began, oldest first, at most `batchSize`, with their attempts, whose counts are archived.
 * Those whose attempts lie in a partition in use wait for it to be dropped, but not for ever. Returns how many.
 */
export async function deleteRuns(owner: pg.Client, batchSize: number): Promise<number> {
  const firstId = await firstPartitionedId(owner, "sync_attempt");
  return briefTransaction(owner, async () => {
    const { rows } = await owner.query<{ runs: number }>(
      `with leaving as materialized (
        ${leavingRuns(firstId)} order by r.finished_at limit ${batchSize} for update of r skip locked
      ),
      attempt as (
        delete from sync_attempt a using leaving where a.firm_id = leaving.firm_id and a.run_id = leaving.id
        returning a.firm_id, a.connection_id, a.status, a.error_class, a.finished_at
      ),
      counted as (select a.firm_id, a.connection_id, ${archivedCounts} from attempt a group by a.firm_id, a.connection_id),
      archived as (${archiveFrom("counted")}),
      -- The foreign key takes the idempotency keys along, which have expired long before.
      deleted as (delete from sync_run r using leaving where r.firm_id = leaving.firm_id and r.id = leaving.id returning r.id)
      select count(*)::int as runs from deleted`,
    );
    const runs = rows[0]?.runs ?? 0;
    if (runs > 0) await failpoint("maintain.runs-in-transaction");
    return runs;
  });
}

/** How many runs would be deleted; changes nothing. */
export async function countLeavingRuns(owner: pg.Client): Promise<number> {
  const firstId = await firstPartitionedId(owner, "sync_attempt");
  const { rows } = await owner.query<{ runs: number }>(
    `select count(*)::int as runs from (${leavingRuns(firstId)}) leaving`,
  );
  return rows[0]?.runs ?? 0;
}

function leavingRuns(firstPartitionedId: number): string {
  return `
    select r.firm_id, r.id from sync_run r
    where ${isLeaving(attemptsLeaveBefore)}
      and (r.finished_at < ${attemptsLeaveSinglyBefore} or coalesce(r.last_attempt_id, 0) < ${firstPartitionedId})`;
}
