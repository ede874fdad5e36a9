import { sql } from "kysely";
import type { CredentialCipher } from "../../connections/credential-cipher.js";
import type { EntityManager } from "../../database/orm.js";
import { unitOfWork } from "../../database/unit-of-work.js";
import { addFirm, connect, type DemoCalendar } from "../seed.js";

/** Firms with a connection to each of the calendars that they do not have yet, spread over them, none of them due. */
export async function connectFirms(
  em: EntityManager,
  cipher: CredentialCipher,
  calendars: readonly DemoCalendar[],
  firmIds: readonly string[],
): Promise<void> {
  for (const [firm, firmId] of firmIds.entries()) {
    await addFirm(em, firmId, `Firm ${firmId}`);
    const own = calendars.filter((_, index) => index % firmIds.length === firm);
    await unitOfWork(em, firmId, async (unit) => {
      for (const [index, calendar] of own.entries()) await connect(unit, cipher, calendar, index);
    });
  }
}

/** Makes every connection of the firms due at once, and answers with the time of it by the database's clock. */
export async function makeAllDue(em: EntityManager, firmIds: readonly string[]): Promise<Date> {
  const times: Date[] = [];
  for (const firmId of firmIds) {
    const madeAt = await unitOfWork(em, firmId, async (unit) => {
      await sql`
        update calendar_connection set next_pull_at = now() where firm_id = ${firmId} and status = 'ACTIVE'
      `.execute(unit.em.getKysely());
      return unit.now;
    });
    times.push(madeAt);
  }
  return times[0] ?? new Date();
}

/** How many connections have synced since then, and how many there are. Over all firms, on the system login. */
export async function backlogOf(systemEm: EntityManager, since: Date): Promise<{ synced: number; all: number }> {
  const { rows } = await sql<{ synced: number; all: number }>`
    select count(*) filter (where s.last_successful_sync_at >= ${since}::timestamptz)::int as synced, count(*)::int as all
    from calendar_connection c
    join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    where c.status = 'ACTIVE'
  `.execute(systemEm.fork().getKysely());
  return rows[0] ?? { synced: 0, all: 0 };
}
