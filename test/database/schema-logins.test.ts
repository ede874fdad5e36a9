import { beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { migrationTable } from "../../src/database/pending-migrations.js";
import { exampleIds, exampleTables, insertExamples } from "../support/rows.js";
import { databaseOfFile, refusalOf, type Login } from "../support/sessions.js";

const database = databaseOfFile();
const forbidden = "42501";

beforeAll(async () => {
  const owner = await database.session("owner");
  await insertExamples(owner, "1");
  await insertExamples(owner, "2");
});

/** A table of our schemas; one of `public` by its name alone. */
const ourTables = `(
  select c.oid, case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'across_firms', 'pgboss') and c.relkind in ('r', 'p', 'v', 'm')
) as t`;

/** What a login may do with the columns of a table: `privilege` where it holds for all, `privilege(columns)` otherwise. */
async function rightsOf(session: pg.Client, login: Login): Promise<Record<string, string>> {
  const { rows } = await session.query<{ name: string; rights: string }>(`
    with columns as (
      select name, privilege, a.attname, has_column_privilege('calendar_sync_${login}', t.oid, a.attnum, privilege) as is_held
      from ${ourTables} join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      cross join unnest(array['select', 'insert', 'update', 'references']) as privilege
    ),
    rights as (
      select name, privilege || case when bool_and(is_held) then ''
        else '(' || string_agg(attname, ',' order by attname) filter (where is_held) || ')' end as held
      from columns group by name, privilege having bool_or(is_held)
      union all
      select name, privilege from ${ourTables} cross join unnest(array['delete', 'truncate', 'trigger', 'maintain']) as privilege
      where has_table_privilege('calendar_sync_${login}', t.oid, privilege)
    )
    select name, string_agg(held, ' ' order by held) as rights from rights group by name`);
  return Object.fromEntries(rows.map(({ name, rights }) => [name, rights]));
}

/** Functions of ours that a login may call, and are not only triggers. */
async function callableBy(session: pg.Client): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select proname as name from pg_proc
     where pronamespace in ('public'::regnamespace, 'across_firms'::regnamespace) and prorettype <> 'trigger'::regtype
       and has_function_privilege(oid, 'execute') order by 1`,
  );
  return rows.map(({ name }) => name);
}

const everything = "delete insert select update";

const appRights = {
  firm: everything,
  calendar_connection: everything,
  calendar_credential: everything,
  calendar_consent: everything,
  watch_channel: everything,
  connection_statistics: everything,
  appointment: everything,
  sync_run: everything,
  idempotency_key: everything,
  sync_attempt: everything,
  seen_appointment: "delete insert select",
  audit_event: "insert select",
  [migrationTable]: "select",
  "pgboss.version": "select",
  "pgboss.queue": "select",
  "pgboss.job_common": "insert select(id,start_after)",
};

/** What scheduling, verify, status, metrics and the list of firms read; what the scheduler and the provider monitor write. */
const systemRights = {
  firm: "select(id,name)",
  calendar_connection:
    "select(account_email,circuit_failures,circuit_opened_at,created_at,erased_at,firm_id,id,next_pull_at,provider,status,status_changed_at,status_reason) update(next_pull_at)",
  calendar_credential: "select(connection_id,firm_id,key_version)",
  calendar_consent: "delete select(expires_at,firm_id,id,key_version)",
  watch_channel: "select(connection_id,expires_at,firm_id)",
  connection_statistics: "select",
  appointment:
    "select(connection_id,external_event_id,firm_id,id,pushed_at,status,status_reason,unpushed_fields,updated_at)",
  sync_run:
    "insert(connection_id,direction,firm_id,job_id,operation,trigger) " +
    "select(appointment_id,cancel_requested_by_id,cancelled_count,connection_id,correlation_id,created_at,created_count,direction,error_class,error_code,error_summary,fence,finished_at,firm_id,has_retry_slot,id,is_full_round,is_imported,job_id,last_attempt_id,lost_workers,next_retry_at,open_failure_id,operation,reason,replay_of_id,requested_by_id,retry_count,seen_count,start_date,started_at,status,trigger,updated_count,waits_for_provider) " +
    "update(job_id,next_retry_at,status,waits_for_provider)",
  idempotency_key: "delete select(created_at,firm_id,key,operation,run_id,user_id)",
  sync_attempt:
    "select(appointment_id,connection_id,correlation_id,direction,error_class,error_code,error_summary,finished_at,firm_id,id,max_retries_reached,next_retry_at,operation,provider,replay_of_id,request_count,resolved_by_id,retry_count,run_id,started_at,state,status) update(next_retry_at)",
  seen_appointment: "select(firm_id,run_id)",
  audit_event:
    "select(actor_id,correlation_id,created_at,event_type,firm_id,id,metadata,resource_id,resource_type,severity)",
  [migrationTable]: "select",
  "across_firms.maintenance": "select",
  "across_firms.provider_traffic": "select update",
  "across_firms.provider_quota": "insert select update",
  "across_firms.worker_process": everything,
  "pgboss.version": "select update(flow_on,monitor_backoff_on)",
  "pgboss.queue": "select update",
  "pgboss.job_common": everything,
  "pgboss.job": "insert select update",
  "pgboss.job_dependency": "delete select",
  "pgboss.instance": everything,
};

describe("the rights are exactly those listed:", () => {
  const sharedFunctions = ["appointment_changes_settled_before"];

  test("of the application's login", async () => {
    const app = await database.session("app");
    expect(await rightsOf(app, "app")).toEqual(appRights);
    expect(await callableBy(app)).toEqual([...sharedFunctions, "lift_identity"]);
  });

  test("of the system login", async () => {
    const system = await database.session("system");
    expect(await rightsOf(system, "system")).toEqual(systemRights);
    expect(await callableBy(system)).toEqual(sharedFunctions);
  });

  test("and one that is given beside them is noticed", async () => {
    const owner = await database.session("owner");
    await owner.query("begin; grant select (title) on appointment to calendar_sync_system_role");
    const rights = await rightsOf(owner, "system");
    await owner.query("rollback");
    expect(rights).not.toEqual(systemRights);
    expect(rights["appointment"]).toContain("title");
  });
});

describe.each<Login>(["app", "system"])("the %s login", (login) => {
  let session: pg.Client;

  beforeAll(async () => {
    session = await database.session(login, "1");
  });

  const outcome = (sql: string) => refusalOf(session, () => session.query(sql));

  test("is no superuser, may not bypass row level security and may make neither roles nor databases", async () => {
    const { rows } = await session.query(
      `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles
       where pg_has_role(current_user, oid, 'member')`,
    );
    const nothing = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect(rows).toEqual([nothing, nothing]);
  });

  test("owns nothing", async () => {
    const { rows } = await session.query(
      `select classid::regclass::text, objid from pg_shdepend
       where deptype = 'o' and refclassid = 'pg_authid'::regclass and pg_has_role(current_user, refobjid, 'member')`,
    );
    expect(rows).toEqual([]);
  });

  test("is a member of its group alone and cannot become another", async () => {
    const { rows } = await session.query<{ role: string }>(
      `select rolname as role from pg_roles where pg_has_role(current_user, oid, 'member') order by 1`,
    );
    expect(rows.map(({ role }) => role)).toEqual([`calendar_sync_${login}`, `calendar_sync_${login}_role`]);
    const other = login === "app" ? "system" : "app";
    const { rows: superusers } = await session.query<{ role: string }>(
      "select rolname as role from pg_roles where rolsuper",
    );
    const roles = ["calendar_sync_owner", `calendar_sync_${other}`, `calendar_sync_${other}_role`];
    for (const role of [...roles, ...superusers.map((row) => row.role)]) {
      expect(await outcome(`set role "${role}"`)).toBe(forbidden);
      expect(await outcome(`set session authorization "${role}"`)).toBe(forbidden);
    }
  });

  test.each(exampleTables)("can neither truncate %s nor change what guards it", async (table) => {
    expect(await outcome(`truncate ${table}`)).toBe(forbidden);
    expect(await outcome(`alter table ${table} disable trigger all`)).toBe(forbidden);
    expect(await outcome(`alter table ${table} disable row level security`)).toBe(forbidden);
    expect(await outcome(`alter table ${table} no force row level security`)).toBe(forbidden);
    expect(await outcome(`create policy mine on ${table} using (true)`)).toBe(forbidden);
    expect(await outcome(`drop policy bound_firm on ${table}`)).toBe(forbidden);
    expect(await outcome(`create trigger mine before insert on ${table} execute function notify_run_changed()`)).toBe(
      forbidden,
    );
    expect(await outcome(`drop table ${table}`)).toBe(forbidden);
  });

  test("cannot switch triggers and foreign keys off for its session", async () => {
    expect(await outcome("set session_replication_role = replica")).toBe(forbidden);
  });

  test("cannot make or replace anything in the schemas, nor read files or run programs", async () => {
    expect(await outcome("create table public.mine (id int)")).toBe(forbidden);
    expect(await outcome("create function public.mine() returns int language sql as 'select 1'")).toBe(forbidden);
    expect(await outcome("create schema mine")).toBe(forbidden);
    expect(await outcome("create table pgboss.mine (id int)")).toBe(forbidden);
    expect(await outcome("copy firm to program 'true'")).toBe(forbidden);
    expect(await outcome("select pg_read_file('postgresql.conf')")).toBe(forbidden);
  });

  test("cannot set an identity's next number", async () => {
    expect(await outcome("select setval('sync_run_id_seq', 1)")).toBe(forbidden);
  });
});

describe("the system login", () => {
  let system: pg.Client;

  beforeAll(async () => {
    system = await database.session("system");
  });

  const outcome = (sql: string) => refusalOf(system, () => system.query(sql));

  test("sees all firms", async () => {
    const { rows } = await system.query("select count(distinct firm_id)::int as firms from sync_run");
    expect(rows).toEqual([{ firms: 2 }]);
  });

  test("cannot read tokens, only which key they are under", async () => {
    for (const column of ["refresh_token", "access_token", "scopes", "*"])
      expect(await outcome(`select ${column} from calendar_credential`)).toBe(forbidden);
    const { rows } = await system.query("select firm_id, key_version from calendar_credential order by 1");
    expect(rows).toEqual([1, 2].map((firm) => ({ firm_id: `${firm}`, key_version: 1 })));
  });

  test.each([
    ["appointment", ["title", "starts_at", "ends_at", "time_zone"]],
    ["calendar_connection", ["calendar_name", "owner_id", "calendar_id", "cursor"]],
    ["sync_run", ["cancel_reason", "page_token", "skipped_events"]],
  ])("cannot read of %s what people have written or providers have sent", async (table, columns) => {
    for (const column of [...columns, "*"]) expect(await outcome(`select ${column} from ${table}`)).toBe(forbidden);
  });

  test("cannot read what belongs to a consent, only sweep it", async () => {
    for (const column of ["state_hash", "browser_hash", "code_verifier", "granted", "return_url", "*"])
      expect(await outcome(`select ${column} from calendar_consent`)).toBe(forbidden);
    expect(await outcome("update calendar_consent set expires_at = now()")).toBe(forbidden);
  });

  test("makes and takes up pulls, and nothing else", async () => {
    const { connection } = exampleIds("2");
    const values = `(2, ${connection}, 'LIST_CHANGES', 'PULL', 'SCHEDULE', gen_random_uuid())`;
    const columns = "firm_id, connection_id, operation, direction, trigger, job_id";
    await system.query("update sync_run set status = 'QUEUED', job_id = gen_random_uuid()");
    await system.query("update calendar_connection set next_pull_at = now()");
    expect(await outcome(`insert into sync_run (${columns}) values ${values} on conflict do nothing`)).toBe("accepted");
    expect(await outcome(`insert into sync_run (${columns}, requested_by_id) select 1, 1, '', '', '', null, ''`)).toBe(
      forbidden,
    );
    expect(await outcome("update sync_run set trigger = 'MANUAL'")).toBe(forbidden);
    expect(await outcome("update calendar_connection set status = 'PAUSED'")).toBe(forbidden);
    expect(await outcome("delete from sync_run")).toBe(forbidden);
    expect(await outcome("insert into audit_event select * from audit_event")).toBe(forbidden);
  });
});
