import pg from "pg";
import type { TestDatabase } from "../support/database.js";

/** A row that was written: by which login, and to which firm its session was bound (empty where it was to none). */
export interface Written {
  login: string;
  bound_firm: string;
  table_name: string;
  row_firm: string;
}

const watched = [
  "appointment",
  "audit_event",
  "calendar_connection",
  "calendar_credential",
  "connection_statistics",
  "sync_attempt",
  "sync_run",
];

/** Notes every row that is written from now on, and lets nobody but the two logins of servers into the database. */
export async function watchDatabase(database: TestDatabase): Promise<void> {
  await asSuperuser(database, async (superuser) => {
    await superuser.query(`
      create schema witness;
      create table witness.written (login text, bound_firm text, table_name text, row_firm text);
      create function witness.note() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
      begin
        insert into witness.written
        values (session_user, coalesce(current_setting('app.firm_id', true), ''), tg_argv[0], coalesce(new.firm_id, old.firm_id)::text);
        return null;
      end $$;
    `);
    for (const table of watched) {
      await superuser.query(
        `create trigger witness after insert or update or delete on ${table} for each row execute function witness.note('${table}')`,
      );
    }
    await superuser.query(`
      revoke all on database ${database.name} from public, calendar_sync_owner;
      grant connect, temporary on database ${database.name} to calendar_sync_app_role, calendar_sync_system_role;
    `);
  });
}

/** What was written, each kind once. */
export function writtenTo(database: TestDatabase): Promise<Written[]> {
  return asSuperuser(database, async (superuser) => {
    const { rows } = await superuser.query<Written>(
      "select distinct login, bound_firm, table_name, row_firm from witness.written order by 1, 2, 3, 4",
    );
    return rows;
  });
}

export async function asSuperuser<T>(
  { superuserUrl }: TestDatabase,
  work: (superuser: pg.Client) => Promise<T>,
): Promise<T> {
  const superuser = new pg.Client(superuserUrl);
  await superuser.connect();
  try {
    return await work(superuser);
  } finally {
    await superuser.end();
  }
}
