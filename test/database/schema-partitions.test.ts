import { beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { firmPolicies } from "../../migrations/row-level-security.js";
import { exampleRow, exampleTables, insertExamples, insertRow, withoutId } from "../support/rows.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();
const partitioned = ["sync_attempt", "audit_event"];

let owner: pg.Client;
let app: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
  app = await database.session("app", "1");
  await insertExamples(owner, "1", exampleTables.slice(0, exampleTables.indexOf("sync_attempt")));
});

/** Inserts a row, with an id of its own or the next one, and answers with its id and the partition it is in. */
async function insertInto(table: string, id?: string): Promise<{ id: string; partition: string }> {
  const row = withoutId(exampleRow(table, "1"));
  const { rows } = await insertRow(app, table, id === undefined ? row : { ...row, id });
  const given = String(rows[0]?.["id"]);
  const found = await owner.query<{ partition: string }>(
    `select tableoid::regclass::text as partition from ${table} where firm_id = 1 and id = $1`,
    [given],
  );
  return { id: given, partition: String(found.rows[0]?.partition) };
}

async function idsIn(session: pg.Client, table: string): Promise<string[]> {
  const { rows } = await session.query<{ id: string }>(`select id from ${table} order by id`);
  return rows.map(({ id }) => id);
}

test("only these tables are partitioned: by range of their id, with a default partition", async () => {
  const { rows } = await owner.query(`
    select c.relname as table, pg_get_partkeydef(c.oid) as key, p.partdefid::regclass::text as default
    from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
    where c.relnamespace = 'public'::regnamespace order by 1 desc`);
  expect(rows).toEqual(partitioned.map((table) => ({ table, key: "RANGE (id)", default: `${table}_default` })));
});

test.each(partitioned)("no foreign key points to %s, so that a partition of it can be dropped", async (table) => {
  const { rows } = await owner.query(
    "select conname from pg_constraint where contype = 'f' and confrelid = $1::regclass",
    [table],
  );
  expect(rows).toEqual([]);
});

describe.each(partitioned)("%s", (table) => {
  const ahead = `${table}_1000`;

  test("takes a partition ahead of its numbers, and rows go where they belong", async () => {
    expect(await insertInto(table)).toEqual({ id: "1", partition: `${table}_default` });
    await owner.query(
      `create table ${ahead} partition of ${table} for values from (1000) to (2000); ${firmPolicies(ahead)}`,
    );
    expect(await insertInto(table, "999")).toEqual({ id: "999", partition: `${table}_default` });
    expect(await insertInto(table, "1000")).toEqual({ id: "1000", partition: ahead });
    expect(await insertInto(table, "2000")).toEqual({ id: "2000", partition: `${table}_default` });
    expect(await insertInto(table, "9223372036854775807")).toMatchObject({ partition: `${table}_default` });
  });

  test("numbers on after rows that brought their ids, over all partitions", async () => {
    expect(await insertInto(table)).toEqual({ id: "2", partition: `${table}_default` });
    const [sequence] = (await owner.query<{ name: string }>("select pg_get_serial_sequence($1, 'id') as name", [table]))
      .rows;
    await owner.query("select setval($1, 1499)", [sequence?.name]);
    expect(await insertInto(table)).toEqual({ id: "1500", partition: ahead });
  });

  test("refuses an id twice within each partition, also one brought along", async () => {
    for (const id of ["2", "1500"]) await expect(insertInto(table, id)).rejects.toMatchObject({ code: "23505" });
  });

  test("has all its indexes on the new partition", async () => {
    const count = `select count(*)::int as indexes from pg_index where indisvalid and indrelid = $1::regclass`;
    const [whole, part] = await Promise.all([table, ahead].map((name) => owner.query(count, [name])));
    expect(part?.rows).toEqual(whole?.rows);
  });

  test("shows a firm's rows of all partitions to the firm alone", async () => {
    expect(await idsIn(app, table)).toEqual(["1", "2", "999", "1000", "1500", "2000", "9223372036854775807"]);
    expect(await idsIn(await database.session("app", "2"), table)).toEqual([]);
  });

  test("gives a partition back when it is detached, with its rows, and goes on without it", async () => {
    await owner.query(`alter table ${table} detach partition ${ahead}`);
    expect(await idsIn(owner, ahead)).toEqual(["1000", "1500"]);
    expect(await idsIn(app, table)).toEqual(["1", "2", "999", "2000", "9223372036854775807"]);
    expect(await insertInto(table)).toEqual({ id: "1501", partition: `${table}_default` });
    // Rows to keep go back under their old ids.
    await owner.query(`insert into ${table} select * from ${ahead} where id = 1000`);
    await owner.query(`drop table ${ahead}`);
    expect(await idsIn(app, table)).toEqual(["1", "2", "999", "1000", "1501", "2000", "9223372036854775807"]);
  });

  test("takes no partition over rows that the default partition holds", async () => {
    const late = `create table ${ahead} partition of ${table} for values from (1) to (1000)`;
    await expect(owner.query(late)).rejects.toMatchObject({ code: "23514" });
  });
});
