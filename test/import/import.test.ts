import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { verify } from "../../src/verify/verify.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { cipher, importing, type ImportOptions } from "./importing.js";
import { given, secretOf } from "./lines.js";

let database: TestDatabase;
let superuser: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = new pg.Client(database.superuserUrl);
  await superuser.connect();
});

afterAll(async () => {
  await superuser.end();
  await database.drop();
});

async function rows<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
  return (await superuser.query<Row>(sql, values)).rows;
}

function take(lines: readonly unknown[], options?: ImportOptions): Promise<string[]> {
  return importing(database, [lines], options);
}

async function violations(): Promise<string[]> {
  const { invariants } = await verify(database.systemUrl);
  return invariants
    .filter(({ count }) => count > 0)
    .map(({ name, violations: [first] }) => `${name} ${JSON.stringify(first)}`);
}

/** Everything of a firm that an import might touch, as text. */
async function everything(firmId: number): Promise<string> {
  const tables = ["calendar_connection", "calendar_credential", "connection_statistics", "appointment", "sync_run"];
  const all: unknown[] = [];
  for (const table of [...tables, "sync_attempt", "audit_event"]) {
    all.push(await rows(`select * from ${table} t where firm_id = $1 order by t::text`, [firmId]));
  }
  return JSON.stringify(all);
}

describe("an imported firm", () => {
  const lines = [
    given.appointment(17, 456, 123),
    given.failedAttempt(17, 790, 123, { retry_count: 2, error_summary: "Retry 2: ConnectionError" }),
    given.connection(17, 123, { status: "active", archived_attempts: { successes: 100, rate_limited_failures: 2 } }),
    given.connection(17, 124, { provider: "microsoft", status: "paused" }),
    given.connection(17, 125, { status: "revoked", refresh_token: null, status_reason: "disconnected" }),
    given.connection(17, 126, { status: "revoked" }),
    given.appointment(17, 457, null, { title: "", is_all_day: true, status: "cancelled", status_reason: "No show" }),
    given.attempt(17, 789, 123, { correlation_id: "0B7E6F0A-3F6B-4C1D-9B55-1F2E3D4C5B6A" }),
    given.attempt(17, 791, 123, {
      ...{
        operation: "upsert",
        appointment_id: 456,
        direction: "push",
        correlation_id: "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a",
      },
      ...{ started_at: "2026-11-02T10:00:00Z", finished_at: "2026-11-02T10:00:00Z" },
    }),
    given.failedAttempt(17, 792, 124, { error_class: "rate_limited", retry_count: 5, max_retries_reached: true }),
    given.failedAttempt(17, 793, 126, { error_class: "non_retryable" }),
  ];
  let told: string[];

  beforeAll(async () => {
    told = await importing(database, [lines.slice(0, 5), [...lines.slice(5), given.firm(17, "Hale & Partners")]]);
  });

  test("is told with what was taken, whatever the order of the lines and the files they stand in", () => {
    expect(told).toEqual([
      "firm 17: 4 connections, 2 appointments, 5 attempts imported",
      "import: 1 firm imported, 0 refused",
    ]);
  });

  test("has its connections under their own ids, without a cursor", async () => {
    const stored = await rows(
      `select id, provider, status, status_reason, owner_id, cursor, next_pull_at is not null as is_due from calendar_connection
       where firm_id = 17 order by id`,
    );
    const common = { cursor: null, owner_id: "7", provider: "GOOGLE" };
    expect(stored).toEqual([
      { ...common, id: "123", status: "ACTIVE", status_reason: null, is_due: true },
      { ...common, id: "124", provider: "MICROSOFT", status: "PAUSED", status_reason: "MANAGER", is_due: false },
      { ...common, id: "125", status: "REVOKED", status_reason: "DISCONNECTED", is_due: false },
      { ...common, id: "126", status: "REVOKED", status_reason: "CREDENTIALS_REFUSED", is_due: false },
    ]);
  });

  test("has its tokens encrypted, each readable in its own place alone", async () => {
    const stored = await rows<{ connection_id: string; refresh_token: Buffer; key_version: number; scopes: string[] }>(
      "select connection_id, refresh_token, key_version, scopes from calendar_credential where firm_id = 17 order by 1",
    );
    const read = stored.map(({ connection_id: connectionId, refresh_token: ciphertext, key_version: keyVersion }) =>
      cipher.decrypt({ ciphertext, keyVersion }, { firmId: "17", connectionId, column: "refresh_token" }),
    );
    expect(read).toEqual([secretOf(123), secretOf(124), secretOf(126)]);
    expect(stored[0]?.scopes).toEqual(["calendar.readonly"]);
    expect(stored.some(({ refresh_token: token }) => token.includes("secret"))).toBe(false);
  });

  test("has its appointments under their own ids, their times to the instant", async () => {
    const stored = await rows(
      "select id, connection_id, external_event_id, title, status, starts_at from appointment order by id",
    );
    expect(stored).toMatchObject([
      {
        id: "456",
        connection_id: "123",
        external_event_id: "event-456",
        status: "CONFIRMED",
        starts_at: new Date("2026-03-01T09:00:00Z"),
      },
      { id: "457", connection_id: null, external_event_id: null, title: "", status: "CANCELLED" },
    ]);
  });

  test("has its attempts as history, each a run that has ended, none of them open", async () => {
    const stored = await rows(
      `select a.id, a.state, a.error_code, a.error_summary, a.retry_count, r.status, r.open_failure_id, r.is_imported
       from sync_attempt a join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id where a.firm_id = 17 order by a.id`,
    );
    const run = { open_failure_id: null, is_imported: true };
    const success = {
      ...run,
      state: "SUCCEEDED",
      status: "SUCCEEDED",
      error_code: null,
      error_summary: null,
      retry_count: 0,
    };
    const failure = { ...run, state: "SUPERSEDED", status: "CANCELLED", error_summary: "Failed at the older service." };
    expect(stored).toEqual([
      { ...success, id: "789" },
      {
        ...failure,
        id: "790",
        error_code: "UNEXPECTED_ERROR",
        error_summary: "Retry 2: ConnectionError",
        retry_count: 2,
      },
      { ...success, id: "791" },
      { ...failure, id: "792", error_code: "RATE_LIMITED", retry_count: 5 },
      { ...failure, id: "793", error_code: "REQUEST_REFUSED", retry_count: 0 },
    ]);
  });

  test("has the correlation id of an attempt, and of those that share one for the first", async () => {
    const stored = await rows<{ id: string; correlation_id: string }>(
      "select id, correlation_id from sync_attempt where firm_id = 17 and id in (789, 791) order by id",
    );
    expect(stored[0]?.correlation_id).toBe("0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a");
    expect(stored[1]?.correlation_id).not.toBe(stored[0]?.correlation_id);
  });

  test("has counters of what was imported and what was counted before", async () => {
    const stored = await rows(
      `select connection_id, successes, archived_successes, transient_failures, rate_limited_failures, archived_rate_limited_failures,
         non_retryable_failures, open_retryable + open_exhausted + open_non_retryable as open, consecutive_failures, last_sync_at, last_successful_sync_at
       from connection_statistics where firm_id = 17 order by 1 limit 2`,
    );
    expect(stored).toMatchObject([
      {
        ...{ connection_id: "123", successes: "102", archived_successes: "100", transient_failures: "1" },
        ...{ rate_limited_failures: "2", archived_rate_limited_failures: "2", open: 0, consecutive_failures: 0 },
        ...{
          last_sync_at: new Date("2026-11-01T10:00:01.5Z"),
          last_successful_sync_at: new Date("2026-11-02T10:00:00Z"),
        },
      },
      {
        connection_id: "124",
        rate_limited_failures: "1",
        archived_rate_limited_failures: "0",
        open: 0,
        last_sync_at: null,
      },
    ]);
  });

  test("has an audit event of each connection, by nobody, with nothing but codes", async () => {
    const stored = await rows(
      "select event_type, event_category, actor_id, resource_id, metadata from audit_event where firm_id = 17 order by resource_id",
    );
    const event = { event_type: "calendar_connection_imported", event_category: "calendar_connection", actor_id: null };
    expect(stored).toEqual([
      { ...event, resource_id: "123", metadata: { provider: "google", status: "active" } },
      { ...event, resource_id: "124", metadata: { provider: "microsoft", status: "paused" } },
      { ...event, resource_id: "125", metadata: { provider: "google", status: "revoked" } },
      { ...event, resource_id: "126", metadata: { provider: "google", status: "revoked" } },
    ]);
  });

  test("leaves every invariant holding", async () => {
    expect(await violations()).toEqual([]);
  });

  test("is as it was after the same files once more", async () => {
    const before = await everything(17);
    const again = await take([...lines, given.firm(17, "Hale & Partners")]);
    expect(again).toEqual([
      "firm 17: 0 connections, 0 appointments, 0 attempts imported; 12 rows already here stay as they are",
      "import: 1 firm imported, 0 refused",
    ]);
    expect(await everything(17)).toBe(before);
  });

  test("keeps what has changed since, and says how much", async () => {
    await rows("update appointment set title = 'Moved here' where firm_id = 17 and id = 456");
    const before = await everything(17);
    const again = await take([given.connection(17, 123, { owner_id: "8" }), given.appointment(17, 456, 123)]);
    expect(again[0]).toBe(
      "firm 17: 0 connections, 0 appointments, 0 attempts imported; 2 rows already here stay as they are, 2 of them unlike the file by now",
    );
    expect(await everything(17)).toBe(before);
  });

  test("takes what a later file adds, counted on top", async () => {
    const more = [given.appointment(17, 900, 123), given.failedAttempt(17, 901, 123)];
    expect((await take(more))[0]).toBe("firm 17: 0 connections, 1 appointment, 1 attempt imported");
    const [counted] = await rows(
      "select transient_failures from connection_statistics where connection_id = 123 and firm_id = 17",
    );
    expect(counted).toEqual({ transient_failures: "2" });
    expect(await violations()).toEqual([]);
  });
});

describe("ids", () => {
  async function nextIds(firmId: number): Promise<Record<string, number>> {
    const client = new pg.Client(database.appUrl);
    await client.connect();
    await client.query("select set_config('app.firm_id', $1, false)", [String(firmId)]);
    const { rows: connections } = await client.query<{ id: string }>(
      `insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id) values ($1, 'GOOGLE', '1', gen_random_uuid(), 'x') returning id`,
      [firmId],
    );
    const { rows: appointments } = await client.query<{ id: string }>(
      "insert into appointment (firm_id, title, starts_at, ends_at) values ($1, 'New', now(), now()) returning id",
      [firmId],
    );
    await client.end();
    return { connection: Number(connections[0]?.id), appointment: Number(appointments[0]?.id) };
  }

  test("of new rows come after those that were imported, and never go back", async () => {
    await take([given.firm(18), given.connection(18, 50_000), given.appointment(18, 60_000, 50_000)]);
    const first = await nextIds(18);
    expect(first).toEqual({ connection: 50_001, appointment: 60_001 });
    await take([given.firm(19), given.connection(19, 3), given.appointment(19, 4, 3)]);
    expect(await nextIds(19)).toEqual({ connection: 50_002, appointment: 60_002 });
  });

  test("may be as high as text tells them, but leave room for new ones", async () => {
    const high = "4611686018427387904";
    expect((await take([{ ...given.firm(21), id: high }]))[0]).toMatch(/^firm 4611686018427387904: .* imported$/);
    expect((await take([{ ...given.firm(21), id: "4611686018427387905" }]))[0]).toBe(
      "a.ndjson:1: firm 4611686018427387905: id is so high that no ids would be left for new rows",
    );
  });
});
