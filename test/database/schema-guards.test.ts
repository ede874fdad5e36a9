import { beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { exampleRow, exampleTables, insertExamples, insertRow, type Row } from "../support/rows.js";
import { databaseOfFile, refusalOf } from "../support/sessions.js";
import type { GuardCase } from "./schema-guard-case.js";
import { connectionGuardCases } from "./schema-guard-cases-of-connections.js";
import { runGuardCases } from "./schema-guard-cases-of-runs.js";

const database = databaseOfFile();
const firm = "1";
const guardCases = [...connectionGuardCases, ...runGuardCases];

let owner: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
});

/** Puts the tables' example rows in as far as the table needs them, the case's rows before, and the row that must be refused. */
function refusalOfCase({ table, before = [], row }: Pick<GuardCase, "table" | "before" | "row">): Promise<string> {
  const needed = exampleTables.slice(0, exampleTables.indexOf(table));
  return refusalOf(
    owner,
    () => insertExamples(owner, firm, needed),
    () => insertAll(before),
    () => write(table, row),
  );
}

async function insertAll(rows: NonNullable<GuardCase["before"]>): Promise<void> {
  for (const { table, row } of rows) await insertRow(owner, table, { ...exampleRow(table, firm), ...row });
}

/** The counters' row comes with its connection, so a case of theirs changes it. */
async function write(table: string, row: Row): Promise<void> {
  if (table !== "connection_statistics") {
    await insertRow(owner, table, { ...exampleRow(table, firm), ...row });
    return;
  }
  const changes = Object.keys(row).map((column, index) => `${column} = $${index + 1}`);
  if (changes.length === 0) return;
  await owner.query(`update ${table} set ${changes.join(", ")}`, Object.values(row));
}

const tablesAndTheirs = `
  select oid, relname from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname = any($1)`;

async function names(sql: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(sql, [exampleTables]);
  return rows.map(({ name }) => name);
}

describe("the database refuses", () => {
  test.each(guardCases.map((one) => [one.constraint, one.because, one] as const))("by %s: %s", async (_, __, one) => {
    // A partitioned table's own index reports nothing: its partition's does.
    const refusal = (await refusalOfCase(one)).replace("_default_pkey", "_pkey");
    expect(refusal).toBe(`${one.code} ${one.constraint}`);
  });

  test("nothing of the rows that the cases begin from", async () => {
    for (const table of exampleTables) expect(await refusalOfCase({ table, row: {} })).toBe("accepted");
  });
});

describe("every constraint has a case:", () => {
  test("checks and foreign keys", async () => {
    const constraints = await names(`
      select conname as name from pg_constraint k join (${tablesAndTheirs}) t on t.oid = k.conrelid
      where contype in ('c', 'f', 'x') order by 1`);
    const covered = guardCases.filter(({ code }) => code !== "23505").map(({ constraint }) => constraint);
    expect([...new Set(covered)].sort()).toEqual([...constraints].sort());
  });

  test("unique indexes", async () => {
    const indexes = await names(`
      select i.indexrelid::regclass::text as name from pg_index i join (${tablesAndTheirs}) t on t.oid = i.indrelid
      where i.indisunique order by 1`);
    const covered = guardCases.filter(({ code }) => code === "23505").map(({ constraint }) => constraint);
    expect([...new Set(covered)].sort()).toEqual([...indexes].sort());
  });

  test("all are in force, and those of partitions are their tables'", async () => {
    const loose = await names(`
      select conname as name from pg_constraint where connamespace = 'public'::regnamespace and not convalidated
      union all
      select indexrelid::regclass::text from pg_index i join (${tablesAndTheirs}) t on t.oid = i.indrelid
      where not (indisvalid and indisready and indislive)
      union all
      select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid
      where c.relispartition and c.relnamespace = 'public'::regnamespace and k.coninhcount = 0 and k.contype <> 'n'`);
    expect(loose).toEqual([]);
  });

  test("a column that must not be null refuses it", async () => {
    const { rows } = await owner.query<{ table: string; column: string }>(
      `select t.relname as table, a.attname as column from (${tablesAndTheirs}) t join pg_attribute a on a.attrelid = t.oid
       where a.attnum > 0 and a.attnotnull and not a.attisdropped and (t.relname, a.attname) <> ('appointment', 'updated_at')
       order by 1, 2`, // which is stamped, whatever is given
      [exampleTables],
    );
    expect(rows.length).toBeGreaterThan(80);
    for (const { table, column } of rows) {
      const refusal = await refusalOfCase({ table, row: { [column]: null } });
      expect(`${table}.${column}: ${refusal}`).toBe(`${table}.${column}: 23502`);
    }
  });
});
