import { sql } from "kysely";
import pg from "pg";
import { record } from "../audit/record.js";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import { storeCredentials } from "../connections/credentials.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { insertFirm } from "../firms/insert-firm.js";
import type { ProviderName } from "../providers/provider.js";

export const demoFirmId = "1";
export const otherFirmId = "2";

/** A simulated calendar that the demo firm is connected to. */
export interface DemoCalendar {
  provider: ProviderName;
  account: string;
  /** As the provider's API names it. */
  id: string;
  name: string;
  refreshToken: string;
}

const firstConnectionId = 123;

/**
 * The demo firm with a connection for each calendar that it does not have yet; the first one is connection 123. Only firms and
 * connections are made here: every run, attempt and appointment comes from syncing. None is due before `firstPulls` says so.
 */
export async function seedDemoFirm(
  logins: { ownerUrl: string; em: EntityManager; cipher: CredentialCipher },
  calendars: readonly DemoCalendar[],
): Promise<void> {
  await startConnectionIds(logins.ownerUrl);
  await addFirm(logins.em, otherFirmId, "Another firm");
  await addFirm(logins.em, demoFirmId, "Demo firm");
  await unitOfWork(logins.em, demoFirmId, async (unit) => {
    for (const [index, calendar] of calendars.entries()) await connect(unit, logins.cipher, calendar, index);
  });
}

/** On an empty database only. */
async function startConnectionIds(ownerUrl: string): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query(`
      select setval(pg_get_serial_sequence('calendar_connection', 'id'), ${firstConnectionId}, false)
      where not exists (select from calendar_connection)
    `);
  } finally {
    await owner.end();
  }
}

/** Makes the firm where it is not there yet. */
export async function addFirm(em: EntityManager, firmId: string, name: string): Promise<void> {
  await unitOfWork(em, firmId, (unit) => insertFirm(unit, name));
}

/** Connects a staff member of the unit's firm to the calendar; a calendar that the firm has stays as it is. It is not due for an hour. */
export async function connect(
  unit: UnitOfWork,
  cipher: CredentialCipher,
  calendar: DemoCalendar,
  index: number,
): Promise<void> {
  const { provider, account, id, name } = calendar;
  const { rows } = await sql<{ id: string }>`
    insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, calendar_name, next_pull_at)
    values (${unit.firmId}, ${provider}, ${`staff-${index + 1}`}, ${account}, ${id}, ${name}, ${unit.now}::timestamptz + interval '1 hour')
    on conflict (firm_id, provider, account_email, calendar_id) do nothing
    returning id
  `.execute(unit.em.getKysely());
  const [connected] = rows;
  if (!connected) return;
  await storeCredentials(unit, cipher, connected.id, calendar.refreshToken, []);
  record(unit, {
    eventType: "calendar_connection_connected",
    resource: { type: "calendar_connection", id: connected.id },
    metadata: { provider: provider.toLowerCase() },
  });
}
