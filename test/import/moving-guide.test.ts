import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { verify } from "../../src/verify/verify.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { importing } from "./importing.js";

const guide = readFileSync(new URL("../../docs/moving-from-django.md", import.meta.url), "utf8");

/** The tables of the older service, as far as they matter here. */
const olderTables = `
  create table firm_firm (id bigserial primary key, name varchar(255) not null);
  create table auth_user (id bigserial primary key, username varchar(150) not null, email varchar(254) not null);
  create table calendar_connections (
    connection_id bigserial primary key, firm_id bigint not null references firm_firm, provider varchar(20) not null,
    owner_staff_user_id bigint not null references auth_user, credentials_encrypted text not null, scopes_granted text not null,
    last_sync_cursor text not null, last_sync_at timestamptz, status varchar(20) not null,
    created_at timestamptz not null, updated_at timestamptz not null
  );
  create table calendar_appointment_types (appointment_type_id bigserial primary key, firm_id bigint not null, name varchar(255) not null);
  create table calendar_appointments (
    appointment_id bigserial primary key, firm_id bigint not null references firm_firm, appointment_type_id bigint not null references calendar_appointment_types,
    staff_user_id bigint not null, start_time timestamptz not null, end_time timestamptz not null, timezone varchar(100) not null,
    status varchar(20) not null, status_reason text not null, calendar_connection_id bigint references calendar_connections,
    external_event_id varchar(512) not null, created_at timestamptz not null, updated_at timestamptz not null
  );
  create table calendar_sync_attempts (
    attempt_id bigserial primary key, firm_id bigint not null, connection_id bigint not null references calendar_connections,
    appointment_id bigint references calendar_appointments, direction varchar(10) not null, operation varchar(20) not null,
    status varchar(10) not null, error_class varchar(20) not null, error_summary text not null, retry_count integer not null,
    next_retry_at timestamptz, max_retries_reached boolean not null, correlation_id uuid, started_at timestamptz not null,
    finished_at timestamptz, duration_ms integer
  );`;

const olderRows = `
  insert into firm_firm values (17, 'Hale "&" Partners'), (18, E'Back\\\\slash');
  insert into auth_user values (7, 'ada', 'ada@example.com'), (8, 'grace', 'grace@example.com');
  insert into calendar_connections values
    (120, 17, 'google', 7, 'gAAAA', '', 'c', null, 'revoked', '2024-03-01T09:00:00Z', now()),
    (123, 17, 'google', 7, 'gAAAA', 'calendar.events  email', 'c', now(), 'active', '2025-03-01T09:00:00.123456Z', now()),
    (124, 17, 'microsoft', 8, 'gAAAA', '', '', null, 'revoked', '2025-03-01T09:00:00Z', now()),
    (125, 18, 'microsoft', 8, '', '', '', null, 'active', '2025-03-01T09:00:00Z', now());
  insert into calendar_appointment_types values (1, 17, E'Consultation \\u2014 60 min\\n(video)');
  insert into calendar_appointments values
    (456, 17, 1, 7, '2026-01-15T09:00:00-05', '2026-01-15T10:00:00-05', 'America/New_York', 'confirmed', '', 123, 'ext_12345', now(), now()),
    (457, 17, 1, 7, '2026-01-16T09:00:00Z', '2026-01-16T10:00:00Z', 'UTC', 'requested', '', null, '', now(), now()),
    (458, 17, 1, 7, '2026-01-17T09:00:00Z', '2026-01-17T10:00:00Z', 'UTC', 'no_show', 'Did not come', null, 'left over', now(), now()),
    (459, 17, 1, 7, '2024-01-17T09:00:00Z', '2024-01-17T10:00:00Z', 'UTC', 'cancelled', 'Ill', 120, 'ext_12345', now(), now());
  insert into calendar_sync_attempts values
    (700, 17, 123, null, 'pull', 'list_changes', 'success', '', '', 0, null, false, null, now() - interval '200 days', now() - interval '200 days', 10),
    (701, 17, 123, null, 'pull', 'list_changes', 'fail', 'rate_limited', 'x', 0, null, false, null, now() - interval '100 days', null, null),
    (788, 17, 123, null, 'pull', 'list_changes', 'success', '', '', 0, null, false, '0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a', now() - interval '3 days', now() - interval '3 days' + interval '2 s', 2000),
    (789, 17, 123, 456, 'pull', 'upsert', 'fail', 'transient', 'Retry 2: ConnectionError', 2, now(), false, '0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a', now() - interval '2 days', null, 4000),
    (790, 17, 123, null, 'push', 'upsert', 'fail', '', '', 0, null, true, null, now() - interval '1 day', null, null),
    (791, 17, 124, null, 'pull', 'resync', 'fail', 'rate_limited', 'Too many', 5, null, true, null, now() - interval '1 day', now() - interval '2 days', null);`;

const tokens: [connection: number, email: string, token: string][] = [
  [120, "", "1//old-secret"],
  [123, "", "1//secret"],
  [124, "shared@example.com", "M.C5_secret"],
];

let older: TestDatabase;
let database: TestDatabase;
let superuser: pg.Client;

beforeAll(async () => {
  older = await createTestDatabase({ migrated: false });
  database = await createTestDatabase();
  superuser = new pg.Client(database.superuserUrl);
  await superuser.connect();
});

afterAll(async () => {
  await superuser.end();
  await older.drop();
  await database.drop();
});

/** The guide's export.sql on the older tables, as psql would run it; answers with the lines that psql would print. */
async function exportedLines(): Promise<string[]> {
  const [, script = ""] = /```sql\n-- export\.sql\n([\s\S]*?)```/.exec(guide) ?? [];
  const [before = "", after = ""] = script.split(/^\\copy exported_token from 'tokens\.csv' csv header$/m);
  expect(after).not.toBe("");
  const client = new pg.Client(older.superuserUrl);
  await client.connect();
  await client.query(olderTables + olderRows);
  await client.query(before);
  for (const row of tokens) await client.query("insert into exported_token values ($1, $2, $3)", row);
  // json comes as text, unchanged; several statements answer with a list, which pg does not declare
  const answers = (await client.query({
    text: after,
    types: { getTypeParser: () => String },
  })) as unknown as pg.QueryResult<Record<string, string>>[];
  await client.end();
  return answers.flatMap(({ rows }) => rows.flatMap((row) => Object.values(row)));
}

test("the guide's export of the older tables is taken whole, under the older ids", async () => {
  const lines = await exportedLines();
  expect(lines).toHaveLength(2 + 4 + 4 + 4);
  expect(await importing(database, [lines])).toEqual([
    "firm 17: 3 connections, 4 appointments, 4 attempts imported",
    "firm 18: 1 connection, 0 appointments, 0 attempts imported",
    "import: 2 firms imported, 0 refused",
  ]);

  const { rows: firms } = await superuser.query("select id, name from firm order by id");
  expect(firms).toEqual([
    { id: "17", name: 'Hale "&" Partners' },
    { id: "18", name: "Back\\slash" },
  ]);
  const { rows: connections } = await superuser.query(
    `select c.id, status, account_email, calendar_id, cursor, k.scopes from calendar_connection c
     left join calendar_credential k on k.firm_id = c.firm_id and k.connection_id = c.id order by c.id`,
  );
  const common = { cursor: null, calendar_id: "primary" };
  expect(connections).toEqual([
    {
      ...common,
      id: "120",
      status: "REVOKED",
      account_email: "ada@example.com",
      calendar_id: "former:120",
      scopes: null,
    },
    { ...common, id: "123", status: "ACTIVE", account_email: "ada@example.com", scopes: ["calendar.events", "email"] },
    { ...common, id: "124", status: "REVOKED", account_email: "shared@example.com", scopes: [] },
    { ...common, id: "125", status: "REVOKED", account_email: "grace@example.com", scopes: null },
  ]);
  const { rows: appointments } = await superuser.query(
    "select id, title, status, connection_id, external_event_id, status_reason, starts_at, time_zone from appointment order by id",
  );
  expect(appointments).toMatchObject([
    {
      id: "456",
      title: "Consultation — 60 min\n(video)",
      status: "CONFIRMED",
      connection_id: "123",
      external_event_id: "ext_12345",
      starts_at: new Date("2026-01-15T14:00:00Z"),
      time_zone: "America/New_York",
    },
    { id: "457", status: "TENTATIVE", connection_id: null },
    { id: "458", status: "CONFIRMED", external_event_id: null, status_reason: "Did not come" },
    { id: "459", status: "CANCELLED", connection_id: "120" },
  ]);
  const { rows: attempts } = await superuser.query(
    "select id, operation, direction, status, state, error_class, retry_count, max_retries_reached, finished_at - started_at as took from sync_attempt order by id",
  );
  const failure = {
    status: "FAIL",
    state: "SUPERSEDED",
    direction: "PULL",
    operation: "RESYNC",
    max_retries_reached: false,
  };
  expect(attempts).toMatchObject([
    { id: "788", operation: "LIST_CHANGES", status: "SUCCESS", state: "SUCCEEDED", took: { seconds: 2 } },
    { ...failure, id: "789", operation: "UPSERT", error_class: "TRANSIENT", retry_count: 2, took: { seconds: 4 } },
    { ...failure, id: "790", error_class: "NON_RETRYABLE" },
    { ...failure, id: "791", error_class: "RATE_LIMITED", retry_count: 5, max_retries_reached: true },
  ]);
  const { rows: counters } = await superuser.query(
    "select successes, archived_successes, rate_limited_failures, archived_rate_limited_failures from connection_statistics where connection_id = 123",
  );
  expect(counters).toEqual([
    { successes: "2", archived_successes: "1", rate_limited_failures: "1", archived_rate_limited_failures: "1" },
  ]);
  expect((await verify(database.systemUrl)).invariants.filter(({ count }) => count > 0)).toEqual([]);
});

test("the guide's sed makes every active connection a paused one", async () => {
  const [, from = "", to = ""] = /sed 's\/(.*?)\/(.*?)\/' export\.ndjson/.exec(guide) ?? [];
  const client = new pg.Client(older.superuserUrl);
  await client.connect();
  const { rows } = await client.query<{ line: string }>(
    `select json_strip_nulls(json_build_object('id', 1, 'status', 'active'))::text as line`,
  );
  await client.end();
  expect(rows[0]?.line.replace(from, to)).toBe('{"id":1,"status":"paused"}');
});
