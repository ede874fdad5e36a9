import { describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { firmPolicies } from "../../migrations/row-level-security.js";
import { migrationTable } from "../../src/database/pending-migrations.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();

/** Every table and partition but the list of migrations, with the column that holds its firm. */
const tables = `
  select c.oid, c.relname as name, case c.relname when 'firm' then 'id' else 'firm_id' end as firm_column
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> '${migrationTable}'`;

/**
 * What has its owner's rights on purpose: the view keeps firms apart by itself (test/appointments/appointments-view.test.ts), and so do the
 * functions that change appointments (test/pushing/from-sql.test.ts); the other one reads no table (test/import/lift-identity.test.ts).
 */
const withOwnersRights =
  "('appointments_v1', 'create_appointment_v1', 'update_appointment_v1', 'cancel_appointment_v1', 'lift_identity')";

/** Each finds what breaks one rule, by name. */
const rules: Record<string, string> = {
  "has row level security, also for its owner": `
    select t.name from tables t join pg_class c using (oid) where not (c.relrowsecurity and c.relforcerowsecurity)`,
  "has the three policies, each for its login alone": `
    select t.name from tables t left join pg_policy p on p.polrelid = t.oid
    group by t.oid, t.name
    having coalesce(string_agg(p.polname || ' to ' || array_to_string(p.polroles::regrole[], ','), ', ' order by p.polname), '') <>
      'bound_firm to calendar_sync_app_role, every_firm to calendar_sync_system_role, owner_every_firm to calendar_sync_owner'`,
  "binds reading and writing to the session's firm": `
    select t.name from tables t join pg_policy p on p.polrelid = t.oid and p.polname = 'bound_firm'
    where p.polcmd <> '*' or not p.polpermissive
      or pg_get_expr(p.polqual, t.oid) is distinct from
        format('(%s = (NULLIF(current_setting(''app.firm_id''::text, true), ''''::text))::bigint)', t.firm_column)
      or pg_get_expr(p.polwithcheck, t.oid) is distinct from pg_get_expr(p.polqual, t.oid)`,
  "has a firm in every row": `
    select t.name from tables t left join pg_attribute a on a.attrelid = t.oid and a.attname = t.firm_column
    where a.atttypid is distinct from 'bigint'::regtype or a.attnotnull is distinct from true`,
  "has a primary key": `
    select t.name from tables t where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)`,
  "has the firm first in every unique index": `
    select i.indexrelid::regclass::text as name from tables t join pg_index i on i.indrelid = t.oid
    left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
    where i.indisunique and a.attname is distinct from t.firm_column`,
  "has the firm first in every foreign key, on both sides": `
    select k.conname as name from tables t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
    join tables target on target.oid = k.confrelid
    join pg_attribute here on here.attrelid = k.conrelid and here.attnum = k.conkey[1]
    join pg_attribute there on there.attrelid = k.confrelid and there.attnum = k.confkey[1]
    where here.attname <> t.firm_column or there.attname <> target.firm_column`,
  "is not read around its policies by a view or by a function with its owner's rights": `
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f') and relname not in ${withOwnersRights}
    union all select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef and proname not in ${withOwnersRights}`,
};

async function breachesOf(session: pg.Client, rule: string): Promise<string[]> {
  const sql = `with tables as (${tables}) ${String(rules[rule])} order by 1`;
  const { rows } = await session.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
}

/** What breaks any rule after the statements, which are undone. */
async function breachesAfter(sql: string): Promise<string[]> {
  const owner = await database.session("owner");
  await owner.query("begin");
  await owner.query(sql);
  const breaches: string[] = [];
  for (const rule of Object.keys(rules)) {
    for (const name of await breachesOf(owner, rule)) breaches.push(`${name}: ${rule}`);
  }
  await owner.query("rollback");
  return breaches;
}

describe("every table", () => {
  test.each(Object.keys(rules))("%s", async (rule) => {
    expect(await breachesOf(await database.session("owner"), rule)).toEqual([]);
  });
});

describe("the rules for tables find", () => {
  test("a table made without policies, firm or keys that begin with it", async () => {
    const sql = "create table plain (id bigint primary key, connection_id bigint references firm (id))";
    expect(await breachesAfter(sql)).toEqual([
      "plain: has row level security, also for its owner",
      "plain: has the three policies, each for its login alone",
      "plain: has a firm in every row",
      "plain_pkey: has the firm first in every unique index",
      "plain_connection_id_fkey: has the firm first in every foreign key, on both sides",
    ]);
  });

  test("a partition added without policies", async () => {
    const sql = "create table ahead partition of sync_attempt for values from (1000) to (2000)";
    expect(await breachesAfter(sql)).toEqual([
      "ahead: has row level security, also for its owner",
      "ahead: has the three policies, each for its login alone",
    ]);
    expect(await breachesAfter(`${sql}; ${firmPolicies("ahead")}`)).toEqual([]);
  });

  test("a policy that lets rows of other firms be written", async () => {
    expect(await breachesAfter("alter policy bound_firm on sync_run with check (true)")).toEqual([
      "sync_run: binds reading and writing to the session's firm",
    ]);
  });

  test("a policy too many, and one for too many", async () => {
    expect(await breachesAfter("create policy extra on firm using (true)")).toEqual([
      "firm: has the three policies, each for its login alone",
    ]);
    expect(await breachesAfter("alter policy every_firm on firm to public")).toEqual([
      "firm: has the three policies, each for its login alone",
    ]);
  });

  test("a view and a function that read with their owner's rights", async () => {
    const view = "create view all_runs as select * from sync_run";
    const func =
      "create function runs() returns bigint language sql security definer as 'select count(*) from sync_run'";
    expect(await breachesAfter(`${view}; ${func}`)).toEqual([
      "all_runs: is not read around its policies by a view or by a function with its owner's rights",
      "runs: is not read around its policies by a view or by a function with its owner's rights",
    ]);
  });
});
