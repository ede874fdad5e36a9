import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";

/**
 * Removes consents that have expired, of all firms, at most `batchSize`; on the system login. Returns how many. Any number may sweep at
 * once. Expired ones that are still there count for nothing.
 */
export async function sweepConsents(systemEm: EntityManager, batchSize: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from calendar_consent
    where (firm_id, id) in (
      select firm_id, id from calendar_consent where expires_at <= now() order by expires_at limit ${batchSize}
    ) and expires_at <= now()
  `.execute(systemEm.getKysely());
  return Number(numAffectedRows ?? 0n);
}
