import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";

/**
 * Until when all changes of appointments are committed, or will never be: what is committed later has a later time. A change has the time at
 * which it was written, so that of a transaction under way may lie before others that can be seen already; the feed waits for it. To be
 * asked before the changes are read, in a statement of its own.
 */
export async function settledBefore(em: EntityManager): Promise<string> {
  const { rows } = await sql<{ at: string }>`select appointment_changes_settled_before() as at`.execute(em.getKysely());
  return String(rows[0]?.at);
}
