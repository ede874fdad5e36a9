import { sql } from "kysely";
import pg from "pg";
import { record } from "../audit/record.js";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import { storeCredentials } from "../connections/credentials.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";

export const demoFirmId = "1";
export const otherFirmId = "2";

/** A simulated calendar that the demo firm is connected to. */
export interface DemoCalendar {
  account: string;
  id: string;
  name: string;
  refreshToken: string;
}

const firstConnectionId = 123;
const firstAppointmentId = 456;

/**
 * The demo firm with a connection for each calendar that it does not have yet; the first one is connection 123 and its first
 * appointment 456. Only firms and connections are made here: every run, attempt and appointment comes from syncing.
 */
export async function seedDemoFirm(
  logins: { ownerUrl: string; em: EntityManager; cipher: CredentialCipher },
  calendars: readonly DemoCalendar[],
): Promise<void> {
  await startIds(logins.ownerUrl);
  await addFirm(logins.em, otherFirmId, "Another firm");
  await addFirm(logins.em, demoFirmId, "Demo firm");
  await unitOfWork(logins.em, demoFirmId, async (unit) => {
    for (const [index, calendar] of calendars.entries()) await connect(unit, logins.cipher, calendar, index);
  });
}

/** On an empty database only. */
async function startIds(ownerUrl: string): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query(`
      select setval(pg_get_serial_sequence('calendar_connection', 'id'), ${firstConnectionId}, false),
        setval(pg_get_serial_sequence('appointment', 'id'), ${firstAppointmentId}, false)
      where not exists (select from calendar_connection)
    `);
  } finally {
    await owner.end();
  }
}

async function addFirm(em: EntityManager, firmId: string, name: string): Promise<void> {
  await unitOfWork(em, firmId, (unit) =>
    sql`insert into firm (id, name) values (${firmId}, ${name}) on conflict (id) do nothing`.execute(
      unit.em.getKysely(),
    ),
  );
}

/** The first calendar syncs a moment before the others, so that the first appointment is one of its. */
async function connect(
  unit: UnitOfWork,
  cipher: CredentialCipher,
  calendar: DemoCalendar,
  index: number,
): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, calendar_name, next_pull_at)
    values (${unit.firmId}, 'GOOGLE', ${`staff-${index + 1}`}, ${calendar.account}, ${calendar.id}, ${calendar.name},
      ${unit.now}::timestamptz + make_interval(secs => ${index === 0 ? 0 : 2}))
    on conflict (firm_id, provider, account_email, calendar_id) do nothing
    returning id
  `.execute(unit.em.getKysely());
  const [connected] = rows;
  if (!connected) return;
  await storeCredentials(unit, cipher, connected.id, calendar.refreshToken, []);
  record(unit, {
    eventType: "calendar_connection_connected",
    resource: { type: "calendar_connection", id: connected.id },
    metadata: { provider: "google" },
  });
}
