import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { pino } from "pino";
import { migrate } from "../../src/database/migrate.js";
import { environmentOf, runCommandProcess } from "../commands/command-process.js";
import { newInstallation, TestApp } from "../support/app.js";
import { addEvent, at } from "../support/calendar.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { firstOf } from "../support/long.js";
import { bindSession } from "../support/sessions.js";
import { asSuperuser, watchDatabase, writtenTo, type Written } from "./witness.js";

let database: TestDatabase;
let app: TestApp;
let written: Written[];

beforeAll(async () => {
  database = await createTestDatabase();
  await watchDatabase(database);
  app = await TestApp.start({ installation: await newInstallation(database) });
  await Promise.all(["1", "2"].map(workFor));
  await app.sql("update calendar_connection set next_pull_at = now() + interval '1 week'"); // as before the test's own pulls
  written = await writtenTo(database);
});
afterAll(async () => {
  await app.stop();
  await app.simulator.close();
  await database.drop();
});

/** A first pull, a resync and a push of a firm's connection. */
async function workFor(firmId: string): Promise<void> {
  const account = `at-work-${firmId}@example.test`;
  const connection = await app.connect(account, firmId);
  addEvent(app.simulator, account, "One");
  await app.pull(connection);
  await app.manager(`mutation { resyncConnection(connectionId: "${connection}") { result { status } } }`, {}, firmId);
  await app.manager(
    `mutation { createAppointment(connectionId: "${connection}", title: "Two", startsAt: "${at(1)}", endsAt: "${at(2)}") { result { status } } }`,
    {},
    firmId,
  );
}

const byLogin = (login: string) => written.filter((row) => row.login === `calendar_sync_${login}`);

/** Rows of one firm that were written in the name of another one, or of none. */
const outsideTheirFirm = (rows: readonly Written[]) => rows.filter((row) => row.bound_firm !== row.row_firm);

describe("while a server works", () => {
  test("its jobs run as the firm whose run it is, on the application's login", () => {
    expect(outsideTheirFirm(byLogin("app"))).toEqual([]);
    for (const firmId of ["1", "2"]) {
      const tables = byLogin("app").flatMap(({ row_firm, table_name }) => (row_firm === firmId ? [table_name] : []));
      expect(tables).toEqual([
        "appointment",
        "audit_event",
        "calendar_connection",
        "calendar_credential",
        "connection_statistics",
        "sync_attempt",
        "sync_run",
      ]);
    }
  });

  test("the system login, bound to no firm, only schedules", () => {
    const tables = new Set(byLogin("system").map(({ table_name, bound_firm }) => `${table_name} ${bound_firm}`));
    expect([...tables]).toEqual(["calendar_connection ", "sync_run "]);
  });

  test("nobody else writes, and the owner is not even let in", async () => {
    const logins = new Set(written.map(({ login }) => login));
    expect([...logins]).toEqual(["calendar_sync_app", "calendar_sync_system", "postgres"]); // the last one is the test
    const { rows } = await asSuperuser(database, (superuser) =>
      superuser.query<{ usename: string }>(
        `select distinct usename from pg_stat_activity
         where datname = current_database() and usename <> current_user and backend_type = 'client backend' order by 1`,
      ),
    );
    expect(rows.map(({ usename }) => usename)).toEqual(["calendar_sync_app", "calendar_sync_system"]);
    const { appUrl, systemUrl, ownerUrl } = database;
    const log = pino({ level: "silent" });
    await expect(migrate({ appUrl, systemUrl, ownerUrl, log, waitSeconds: 0 })).rejects.toThrow(/permission denied/);
  });

  const commands: [string, string[]][] = [
    ["verify", []],
    ["status", []],
    ["firm", ["list"]],
  ];

  test.each(firstOf(1, commands))("npm run %s needs no owner either", async (name, args) => {
    const environment = { ...environmentOf(database), ...app.installation.environment };
    expect(await runCommandProcess(name, args, environment)).toMatchObject({ exitCode: 0 });
  });
});

test("a row that is written in another firm's name is noticed", async () => {
  await asSuperuser(database, (superuser) =>
    superuser.query("alter table calendar_connection disable row level security"),
  );
  const session = new pg.Client(database.appUrl);
  await session.connect();
  await bindSession(session, "2");
  await session.query("update calendar_connection set owner_id = owner_id where firm_id = 1");
  await session.end();
  const wrong = { login: "calendar_sync_app", bound_firm: "2", table_name: "calendar_connection", row_firm: "1" };
  expect(outsideTheirFirm((await writtenTo(database)).filter(({ login }) => login === "calendar_sync_app"))).toEqual([
    wrong,
  ]);
});
