import type pg from "pg";
import { failpoint } from "../failpoints.js";
import { briefTransaction } from "./brief-transaction.js";
import { isNeededEvent } from "./leaving-rows.js";
import { firstPartitionedId } from "./partitioned-tables.js";
import { eventsLeaveBefore, eventsLeaveSinglyBefore } from "./retention.js";

/**
 * Deletes audit events older than their retention, oldest first, at most `batchSize`. Those in a partition in use wait for it to be dropped,
 * but not for ever. Returns how many.
 */
export async function deleteEvents(owner: pg.Client, batchSize: number): Promise<number> {
  const firstId = await firstPartitionedId(owner, "audit_event");
  return briefTransaction(owner, async () => {
    await owner.query(`select set_config('maintain.audit_leaves_before', (${eventsLeaveBefore})::text, true)`);
    const { rowCount } = await owner.query(
      `with leaving as materialized (${leavingEvents(firstId, batchSize)} limit ${batchSize})
      delete from audit_event e using leaving where e.firm_id = leaving.firm_id and e.id = leaving.id`,
    );
    const events = rowCount ?? 0;
    if (events > 0) await failpoint("maintain.events-in-transaction");
    return events;
  });
}

/** How many events would be deleted, counted to `most` a firm; changes nothing. */
export async function countLeavingEvents(owner: pg.Client, most: number): Promise<number> {
  const firstId = await firstPartitionedId(owner, "audit_event");
  const { rows } = await owner.query<{ events: number }>(
    `select count(*)::int as events from (${leavingEvents(firstId, most)}) leaving`,
  );
  return rows[0]?.events ?? 0;
}

/** Firm by firm, as the index by time is. */
function leavingEvents(firstPartitionedId: number, most: number): string {
  return `
    select event.firm_id, event.id from firm cross join lateral (
      select e.firm_id, e.id from audit_event e
      where e.firm_id = firm.id and e.created_at < ${eventsLeaveBefore}
        and (e.created_at < ${eventsLeaveSinglyBefore} or e.id < ${firstPartitionedId}) and not ${isNeededEvent}
      order by e.created_at, e.id limit ${most}
    ) event`;
}
