import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";

/**
 * Makes connections due whose pulls are held because their tokens could not be read, over all firms, on the system login: a process
 * that has just started may have the right keys. With wrong ones they are held again. Returns how many.
 */
export async function tryUnreadableAgain(systemEm: EntityManager): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update calendar_connection connection set next_pull_at = now()
    where next_pull_at > now() and exists (
      select from sync_run held
      where held.firm_id = connection.firm_id and held.connection_id = connection.id
        and held.status = 'HELD' and held.error_code = 'CREDENTIALS_UNREADABLE'
    )
  `.execute(systemEm.fork().getKysely());
  return Number(numAffectedRows);
}
