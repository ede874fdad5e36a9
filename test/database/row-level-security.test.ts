import { beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { migrationTable } from "../../src/database/pending-migrations.js";
import { exampleRow, exampleTables, insertExamples, insertRow, type Row } from "../support/rows.js";
import { bindSession, databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();
const ours = "7";
const theirs = "8";
const third = "9";

let bound: pg.Client;

beforeAll(async () => {
  const owner = await database.session("owner");
  await insertExamples(owner, ours);
  await insertExamples(owner, theirs);
  await insertRow(owner, "firm", exampleRow("firm", third));
  bound = await database.session("app", ours);
});

function firmColumn(table: string): string {
  return table === "firm" ? "id" : "firm_id";
}

/** The firms whose rows a select without any filter shows, by table. */
async function firmsSeen(session: pg.Client): Promise<Record<string, string[]>> {
  const seen: Record<string, string[]> = {};
  for (const table of exampleTables) {
    const sql = `select distinct ${firmColumn(table)}::text as firm from ${table} order by 1`;
    const { rows } = await session.query<{ firm: string }>(sql);
    seen[table] = rows.map(({ firm }) => firm);
  }
  return seen;
}

function inEveryTable(firms: string[]): Record<string, string[]> {
  return Object.fromEntries(exampleTables.map((table) => [table, firms]));
}

/** The message of the refusal, or how many rows were changed. The statement is undone. */
async function outcomeOf(session: pg.Client, sql: string, values: unknown[] = []): Promise<string> {
  await session.query("begin");
  try {
    const { rowCount } = await session.query(sql, values);
    return `${String(rowCount)} rows`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await session.query("rollback");
  }
}

async function insertOutcome(session: pg.Client, table: string, row: Row): Promise<string> {
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  return outcomeOf(session, `insert into ${table} (${columns.join()}) values (${places.join()})`, Object.values(row));
}

test("the example rows are of every table that there is", async () => {
  const { rows } = await bound.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> $1`,
    [migrationTable],
  );
  expect(rows.map(({ name }) => name).sort()).toEqual([...exampleTables].sort());
});

describe("a select without a filter", () => {
  test("shows nothing to a session without a firm", async () => {
    const session = await database.session("app");
    expect(await firmsSeen(session)).toEqual(inEveryTable([]));
    await bindSession(session, theirs);
    expect(await firmsSeen(session)).toMatchObject({ sync_run: [theirs] });
    await bindSession(session, "");
    expect(await firmsSeen(session)).toEqual(inEveryTable([]));
    await session.query("reset app.firm_id");
    expect(await firmsSeen(session)).toEqual(inEveryTable([]));
  });

  test("shows the firm's rows to a session of the firm, and no other's", async () => {
    expect(await firmsSeen(bound)).toEqual(inEveryTable([ours]));
  });

  test("shows the rows of all firms to the owner", async () => {
    const seen = await firmsSeen(await database.session("owner"));
    expect(seen).toEqual({ ...inEveryTable([ours, theirs]), firm: [ours, theirs, third] });
  });

  test("fails, and shows nothing, when the session is bound to what is no firm", async () => {
    const session = await database.session("app", "8 or true");
    await expect(firmsSeen(session)).rejects.toMatchObject({ code: "22P02" });
  });
});

describe("from a session of one firm", () => {
  test.each(exampleTables)("a row of another firm cannot be put into %s", async (table) => {
    const refused = `new row violates row-level security policy for table "${table}"`;
    for (const firmId of [theirs, third, "999"])
      expect(await insertOutcome(bound, table, exampleRow(table, firmId))).toBe(refused);
  });

  test.each(exampleTables)("a row of another firm in %s cannot be changed, locked or removed", async (table) => {
    const column = firmColumn(table);
    const nothing = [`0 rows`, `permission denied for table ${table}`];
    for (const where of [`${column} = ${theirs}`, `${column} <> ${ours}`]) {
      expect(nothing).toContain(await outcomeOf(bound, `update ${table} set ${column} = ${column} where ${where}`));
      expect(nothing).toContain(await outcomeOf(bound, `delete from ${table} where ${where}`));
      expect(nothing).toContain(await outcomeOf(bound, `select from ${table} where ${where} for update`));
    }
  });

  test.each(exampleTables)("a row in %s cannot be given to another firm", async (table) => {
    const outcome = await outcomeOf(bound, `update ${table} set ${firmColumn(table)} = ${third}`);
    expect([
      `new row violates row-level security policy for table "${table}"`,
      `permission denied for table ${table}`,
    ]).toContain(outcome);
  });

  test("another firm's connection is as good as none to refer to", async () => {
    const missing = await insertOutcome(bound, "sync_run", {
      ...exampleRow("sync_run", ours),
      id: 1,
      connection_id: 1,
    });
    const foreign = await insertOutcome(bound, "sync_run", {
      ...exampleRow("sync_run", ours),
      ...{ id: 1, connection_id: exampleRow("sync_run", theirs)["connection_id"] },
    });
    expect(missing).toContain("violates foreign key constraint");
    expect(foreign).toBe(missing);
  });

  test("an id that another firm has taken is free", async () => {
    const row = {
      ...exampleRow("appointment", ours),
      id: exampleRow("appointment", theirs)["id"],
      external_event_id: "x",
    };
    expect(await insertOutcome(bound, "appointment", row)).toBe("1 rows");
  });

  test("partitions cannot be reached past their table", async () => {
    for (const partition of ["sync_attempt_default", "audit_event_default"])
      expect(await outcomeOf(bound, `select from ${partition}`)).toBe(`permission denied for table ${partition}`);
  });
});

describe("these tests find", () => {
  async function changed(statement: string, undo: string, check: () => Promise<void>): Promise<void> {
    const superuser = await database.session("superuser");
    await superuser.query(statement);
    await check().finally(() => superuser.query(undo));
  }
  const policy =
    "bound_firm on sync_run to calendar_sync_app_role using (firm_id = nullif(current_setting('app.firm_id', true), '')::bigint)";

  test("a policy that is gone", async () => {
    await changed("drop policy bound_firm on sync_run", `create policy ${policy}`, async () => {
      expect(await firmsSeen(bound)).toEqual({ ...inEveryTable([ours]), sync_run: [] });
    });
  });

  test("a policy that lets everything through", async () => {
    await changed("create policy leak on sync_run using (true)", "drop policy leak on sync_run", async () => {
      expect(await firmsSeen(bound)).toEqual({ ...inEveryTable([ours]), sync_run: [ours, theirs] });
      const unbound = await database.session("app");
      expect(await firmsSeen(unbound)).toEqual({ ...inEveryTable([]), sync_run: [ours, theirs] });
      const change = `update sync_run set firm_id = firm_id where firm_id = ${theirs}`;
      expect(await outcomeOf(bound, change)).toBe("1 rows");
    });
  });

  test("a table without row level security", async () => {
    const [off, on] = ["disable", "enable"].map((verb) => `alter table appointment ${verb} row level security`);
    await changed(String(off), String(on), async () => {
      expect(await firmsSeen(bound)).toEqual({ ...inEveryTable([ours]), appointment: [ours, theirs] });
    });
  });
});
