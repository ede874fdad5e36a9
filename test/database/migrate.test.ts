import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { pino } from "pino";
import { ormOptions } from "../../mikro-orm.config.js";
import { migrate } from "../../src/database/migrate.js";
import { pendingMigrations } from "../../src/database/pending-migrations.js";
import { clusterUrls, createTestDatabase, withDatabase, type TestDatabase } from "../support/database.js";
import { runTypeScript } from "../support/typescript-process.js";

const log = pino({ level: "silent" });
const known = (ormOptions.migrations?.migrationsList ?? []).map(({ name }) => name);

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
});

afterEach(async () => {
  await database.drop();
});

async function ask<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

function pendingFor(url: string): Promise<string[]> {
  return pendingMigrations((sql) => ask(url, sql));
}

describe("migrating", () => {
  test("is pending on an empty database and done afterwards, for each of the logins", async () => {
    const { ownerUrl, systemUrl, appUrl } = database;
    expect(await pendingFor(appUrl)).toEqual([...known, expect.stringMatching(/^pg-boss \d+$/)]);
    await migrate({ ...database, log });
    for (const url of [ownerUrl, systemUrl, appUrl]) expect(await pendingFor(url)).toEqual([]);
  });

  test("again changes nothing", async () => {
    await migrate({ ...database, log });
    const before = await ask(database.ownerUrl, "select * from migration");
    await migrate({ ...database, log });
    expect(await ask(database.ownerUrl, "select * from migration")).toEqual(before);
  });

  test("is done once when five processes boot at once on an empty database", async () => {
    const { ownerUrl, systemUrl, appUrl } = database;
    const script = new URL("migrate-database.ts", import.meta.url);
    const processes = [1, 2, 3, 4, 5].map(() => runTypeScript(script, [ownerUrl, systemUrl, appUrl]));
    expect(await Promise.all(processes.map((each) => each.nextLine()))).toEqual(Array(5).fill("migrated"));
    expect(await Promise.all(processes.map((each) => each.ended))).toEqual(Array(5).fill(0));
    const applied = await ask<{ name: string }>(ownerUrl, "select name from migration order by id");
    expect(applied.map(({ name }) => name)).toEqual(known);
  });

  test("leaves everything to the owner, and the other logins without the right to create", async () => {
    await migrate({ ...database, log });
    const owners = await ask(
      database.superuserUrl,
      `select distinct relowner::regrole::text as owner from pg_class c join pg_namespace n on n.oid = relnamespace
       where nspname in ('public', 'pgboss')`,
    );
    expect(owners).toEqual([{ owner: "calendar_sync_owner" }]);
    for (const url of [database.appUrl, database.systemUrl]) {
      await expect(ask(url, "create table mine ()")).rejects.toMatchObject({ code: "42501" });
      await expect(ask(url, "create table pgboss.mine ()")).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("is pending again where a migration or the queue's tables are older", async () => {
    await migrate({ ...database, log });
    const last = known.at(-1) ?? "";
    await ask(database.ownerUrl, `delete from migration where name = '${last}'`);
    await ask(database.ownerUrl, "update pgboss.version set version = version - 1");
    expect(await pendingFor(database.appUrl)).toEqual([last, expect.stringMatching(/^pg-boss/)]);
  });

  test("that a newer build has done is not pending", async () => {
    await migrate({ ...database, log });
    await ask(database.ownerUrl, "insert into migration (name) values ('Migration29991231000000_from_the_future')");
    expect(await pendingFor(database.appUrl)).toEqual([]);
  });

  test("refuses a superuser as the application's login, who would see every firm", async () => {
    const appUrl = withDatabase(clusterUrls().superuserUrl, database.name);
    await expect(migrate({ ...database, appUrl, log })).rejects.toThrow(
      /^The login postgres \(DATABASE_URL\) is a superuser/,
    );
  });

  test("refuses the owner and the system login as the application's login", async () => {
    const { ownerUrl, systemUrl } = database;
    await expect(migrate({ ...database, appUrl: ownerUrl, log })).rejects.toMatchObject({ name: "DatabaseSetupError" });
    await expect(migrate({ ...database, appUrl: systemUrl, log })).rejects.toMatchObject({
      name: "DatabaseSetupError",
    });
  });

  test("by a login that may not create tables tells the SQL that lets it", async () => {
    await ask(database.superuserUrl, `alter database ${database.name} owner to postgres`);
    await expect(migrate({ ...database, log })).rejects.toThrow(
      new RegExp(
        `may not migrate the database \\(.*\\)\\. Let a DBA run: alter database ${database.name} owner to calendar_sync_owner;$`,
      ),
    );
  });
});
