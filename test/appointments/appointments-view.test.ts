import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { createTestDatabase, withDatabase, type TestDatabase } from "../support/database.js";
import { exampleIds, exampleTables, insertExamples } from "../support/rows.js";
import { refusalOf } from "../support/sessions.js";

const forbidden = "42501";
const password = randomBytes(12).toString("hex");
/** Roles belong to the whole cluster. */
const suffix = randomBytes(4).toString("hex");

let database: TestDatabase;
let owner: pg.Client;
let superuser: pg.Client;
let host: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = await connected(database.superuserUrl);
  owner = await connected(database.ownerUrl);
  for (const firm of ["17", "18"]) await insertExamples(owner, firm);
  await superuser.query("update calendar_connection set calendar_name = 'Private'");
  host = await loginOf(`host_${suffix}_firm_17`);
});

const sessions: pg.Client[] = [];
const roles: string[] = [];

afterAll(async () => {
  for (const session of sessions.filter((one) => one !== superuser)) await session.end();
  for (const role of roles) await superuser.query(`drop owned by ${role}; drop role ${role}`);
  await superuser.end();
  await database.drop();
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  sessions.push(client);
  return client;
}

/** The statements that the guide gives for making a login, with its example's names exchanged. */
function statementsOfGuide(role: string): string[] {
  const guide = readFileSync(new URL("../../docs/appointments-view.md", import.meta.url), "utf8");
  const blocks = [...guide.matchAll(/```sql\n(-- as (?:a DBA|the owner)[\s\S]*?)```/g)].map(([, sql]) => String(sql));
  expect(blocks).toHaveLength(2);
  return blocks.map((sql) =>
    sql
      .replaceAll("host_firm_17", role)
      .replaceAll("…", password)
      .replaceAll("calendar_sync;", `${database.name};`)
      .replaceAll("database calendar_sync ", `database ${database.name} `),
  );
}

/** A login made as the guide says, connected. */
async function loginOf(role: string): Promise<pg.Client> {
  const [asDba = "", asOwner = ""] = statementsOfGuide(role);
  roles.push(role);
  await superuser.query(asDba);
  await owner.query(asOwner);
  const url = new URL(withDatabase(database.superuserUrl, database.name));
  url.username = role;
  url.password = password;
  return connected(url.href);
}

async function firmsSeen(session: pg.Client): Promise<string[]> {
  const { rows } = await session.query<{ firm_id: string }>("select distinct firm_id from appointments_v1 order by 1");
  return rows.map(({ firm_id: firm }) => firm);
}

test("the view has the columns that the guide promises", async () => {
  const { rows } = await host.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = 'appointments_v1'::regclass and attnum > 0 order by attnum`,
  );
  expect(rows.map(({ name, type }) => `${name} ${type}`)).toEqual([
    "firm_id bigint",
    "id bigint",
    "connection_id bigint",
    "provider text",
    "owner_id text",
    "external_event_id text",
    "recurring_event_id text",
    "title text",
    "status text",
    "status_reason text",
    "starts_at timestamp(3) with time zone",
    "ends_at timestamp(3) with time zone",
    "is_all_day boolean",
    "time_zone text",
    "created_at timestamp(3) with time zone",
    "updated_at timestamp(3) with time zone",
  ]);
  const guide = readFileSync(new URL("../../docs/appointments-view.md", import.meta.url), "utf8");
  const documented = [...guide.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
  expect(documented).toEqual(rows.map(({ name }) => name));
});

describe("a host's login", () => {
  test("sees its firm's appointments, those without a connection too", async () => {
    await owner.query(
      "insert into appointment (firm_id, id, title, starts_at, ends_at) values (17, 9, 'By hand', now(), now())",
    );
    const { rows } = await host.query("select id, provider, owner_id, title from appointments_v1 order by id");
    expect(rows).toEqual([
      { id: "9", provider: null, owner_id: null, title: "By hand" },
      { id: exampleIds("17").appointment, provider: "GOOGLE", owner_id: "staff-1", title: "Visit" },
    ]);
  });

  test("sees no other firm's, whatever it sets, asks or calls", async () => {
    expect(await firmsSeen(host)).toEqual(["17"]);
    await host.query("select set_config('app.firm_id', '18', false)");
    expect(await firmsSeen(host)).toEqual(["17"]);
    expect(await firmsSeen(await loginOf(`host_${suffix}_firm_18`))).toEqual(["18"]);
    const { rows } = await host.query("select from appointments_v1 where firm_id = 18 or true");
    expect(rows).toHaveLength(2);
    expect(await refusalOf(host, () => host.query(`set role host_${suffix}_firm_18`))).toBe(forbidden);
    expect(await refusalOf(host, () => host.query(`set session authorization host_${suffix}_firm_18`))).toBe(forbidden);
  });

  test("is not shown other firms' rows by a function of its own that is cheap to ask first", async () => {
    await host.query(
      `create function pg_temp.leak(title text, firm bigint) returns boolean language plpgsql cost 0.0000001 as $$
       begin raise notice 'firm %', firm; return true; end $$`,
    );
    expect(await firmsLeaked()).toEqual(["firm 17"]);
  });

  test("cannot write", async () => {
    for (const sql of [
      "update appointments_v1 set title = ''",
      "delete from appointments_v1",
      "insert into appointments_v1 (firm_id, id, title) values (17, 99, '')",
    ]) {
      expect(await refusalOf(host, () => host.query(sql))).toMatch(/^(42501|55000)$/);
    }
  });

  test("cannot read a table, tokens least of all, nor the audit, nor call what is not for it", async () => {
    for (const table of exampleTables)
      expect(await refusalOf(host, () => host.query(`select from ${table}`))).toBe(forbidden);
    expect(await refusalOf(host, () => host.query("select lift_identity('appointment', 5)"))).toBe(forbidden);
    expect(await refusalOf(host, () => host.query("select from pgboss.job"))).toBe(forbidden);
    expect(await refusalOf(host, () => host.query("select from across_firms.provider_traffic"))).toBe(forbidden);
    expect(await refusalOf(host, () => host.query("create table mine (id int)"))).toBe(forbidden);
  });

  test("with a name that ends with no firm sees nothing", async () => {
    expect(await firmsSeen(await loginOf(`host_${suffix}_firm_all`))).toEqual([]);
    expect(await firmsSeen(await loginOf(`host_${suffix}_firm_0`))).toEqual([]);
  });

  test("of several firms becomes one of them at a time", async () => {
    const several = await loginOf(`host_${suffix}`);
    for (const firm of ["17", "18"]) await superuser.query(`grant host_${suffix}_firm_${firm} to host_${suffix}`);
    expect(await firmsSeen(several)).toEqual([]);
    await several.query(`set role host_${suffix}_firm_18`);
    expect(await firmsSeen(several)).toEqual(["18"]);
    await several.query(`set role host_${suffix}_firm_17`);
    expect(await firmsSeen(several)).toEqual(["17"]);
  });
});

test("the view is followed without missing a change that is committed late", async () => {
  const slow = await connected(database.ownerUrl);
  await slow.query(
    "begin; insert into appointment (firm_id, id, title, starts_at, ends_at) values (17, 50, 'Slow', now(), now())",
  );
  await owner.query(
    "insert into appointment (firm_id, id, title, starts_at, ends_at) values (17, 51, 'Quick', now(), now())",
  );
  const changesSince = async (since: string): Promise<{ titles: string[]; settled: string }> => {
    const { rows: asked } = await host.query<{ at: string }>("select appointment_changes_settled_before()::text as at");
    const settled = String(asked[0]?.at);
    const { rows } = await host.query<{ title: string }>(
      "select title from appointments_v1 where updated_at >= $1 and updated_at < $2 order by updated_at, id",
      [since, settled],
    );
    return { titles: rows.map(({ title }) => title), settled };
  };
  const first = await changesSince("-infinity");
  expect(first.titles).not.toContain("Slow");
  await slow.query("commit");
  const second = await changesSince(first.settled);
  expect([...first.titles, ...second.titles]).toEqual(expect.arrayContaining(["Slow", "Quick"]));
});

test("it would be noticed if the view did not keep firms apart", async () => {
  const { rows } = await superuser.query<{ definition: string }>(
    "select pg_get_viewdef('appointments_v1') as definition",
  );
  const open = String(rows[0]?.definition).replace(/WHERE[\s\S]*$/, "");
  await superuser.query(`create or replace view appointments_v1 with (security_barrier) as ${open}`);
  expect(await firmsSeen(host)).toEqual(["17", "18"]);
  expect(await firmsLeaked()).toEqual(["firm 17", "firm 18"]);
});

/** Which firms' rows the host's own function has been shown when no index has left out the others. */
async function firmsLeaked(): Promise<string[]> {
  const notices: string[] = [];
  host.on("notice", ({ message }) => notices.push(String(message)));
  await host.query("set enable_indexscan = off; set enable_bitmapscan = off; set enable_indexonlyscan = off");
  await host.query("select from appointments_v1 where pg_temp.leak(title, firm_id)");
  return [...new Set(notices)].sort();
}
