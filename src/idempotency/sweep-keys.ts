import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { lifetime } from "./lifetime.js";

/**
 * Removes keys that have expired, of all firms, at most `batchSize`; on the system login. Returns how many. Any number may sweep at
 * once. Expired keys that are still there count for nothing, so that nothing hangs on it.
 */
export async function sweepKeys(systemEm: EntityManager, batchSize: number): Promise<number> {
  // The age is asked once more of the row that is removed: a key that is used anew meanwhile stays.
  const { numAffectedRows } = await sql`
    delete from idempotency_key
    where (firm_id, user_id, operation, key) in (
      select firm_id, user_id, operation, key from idempotency_key
      where created_at <= now() - ${lifetime} order by created_at limit ${batchSize}
    ) and created_at <= now() - ${lifetime}
  `.execute(systemEm.getKysely());
  return Number(numAffectedRows ?? 0n);
}
