import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { pino } from "pino";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { throwAwaySettings } from "../../src/database/embedded/settings.js";
import { ensureLogins } from "../../src/database/logins.js";
import { withDatabase } from "../support/database.js";

// A cluster of its own: roles belong to the whole cluster, and here they are taken away.
let dataDir: string;
let cluster: EmbeddedPostgres;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "logins-"));
  const log = pino({ level: "silent" });
  cluster = await startEmbeddedPostgres({ dataDir, log, settings: throwAwaySettings, restarts: false });
  for (const name of ["first", "second", "third"])
    await asSuperuser(`create database ${name} owner calendar_sync_owner`);
});

afterAll(async () => {
  await cluster.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const role of ["calendar_sync_app_role", "calendar_sync_system_role"]) {
    await asSuperuser(
      `do $$ begin if to_regrole('${role}') is not null then drop owned by ${role}; drop role ${role}; end if; end $$`,
    );
    await asSuperuser(`grant connect on database calendar_sync to public`);
  }
  await asSuperuser("alter role calendar_sync_owner nocreaterole");
});

async function asSuperuser(sql: string): Promise<void> {
  await connected(withDatabase(cluster.superuserUrl, "calendar_sync"), (client) => client.query(sql));
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function ensureIn(database: string): Promise<void> {
  return connected(withDatabase(cluster.ownerUrl, database), (owner) => ensureLogins(owner, cluster));
}

describe("the group roles", () => {
  test("are made with their members by an owner that may create roles", async () => {
    await asSuperuser("alter role calendar_sync_owner createrole");
    await ensureIn("calendar_sync");
    const members = await connected(cluster.superuserUrl, (client) =>
      client.query<{ membership: string }>(
        `select member::regrole::text || ' in ' || roleid::regrole::text as membership from pg_auth_members
         where member in ('calendar_sync_app'::regrole, 'calendar_sync_system'::regrole) order by 1`,
      ),
    );
    expect(members.rows.map(({ membership }) => membership)).toEqual([
      "calendar_sync_app in calendar_sync_app_role",
      "calendar_sync_system in calendar_sync_system_role",
    ]);
  });

  test("are made once when several databases of the cluster are set up at the same time", async () => {
    await asSuperuser("alter role calendar_sync_owner createrole");
    const databases = ["calendar_sync", "first", "second", "third"];
    await expect(Promise.all([...databases, ...databases].map(ensureIn))).resolves.toBeDefined();
  });

  test("are asked of a DBA, with the exact SQL, by an owner that may not create roles", async () => {
    const sql =
      'create role calendar_sync_app_role nologin; grant calendar_sync_app_role to "calendar_sync_app"; ' +
      'create role calendar_sync_system_role nologin; grant calendar_sync_system_role to "calendar_sync_system";';
    await expect(ensureIn("calendar_sync")).rejects.toThrow(
      `The login calendar_sync_owner (DATABASE_OWNER_URL) may not set up roles. Let a DBA run: ${sql}`,
    );
    await asSuperuser(sql);
    await expect(ensureIn("calendar_sync")).resolves.toBeUndefined();
  });

  test("cannot be given to a login that is not there", async () => {
    const appUrl = cluster.appUrl.replace("calendar_sync_app", "nobody_here");
    const ensuring = connected(cluster.ownerUrl, (owner) => ensureLogins(owner, { ...cluster, appUrl }));
    await expect(ensuring).rejects.toThrow("The database has no login nobody_here (DATABASE_URL).");
  });
});
