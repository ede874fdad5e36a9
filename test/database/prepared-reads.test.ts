import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "kysely";
import { inFirm } from "../../src/database/firm-scope.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { prepareFromNowOn, read } from "../../src/database/prepared-reads.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase(testDatabase.appUrl, 1);
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** Of the pool's one session. */
async function prepared(): Promise<string[]> {
  const rows = await database.em.execute<{ statement: string }[]>("select statement from pg_prepared_statements");
  return rows.map(({ statement }) => statement);
}

const sum = (one: number, other: number) => sql<{ sum: number }>`select ${one}::int + ${other}::int as sum`;

test("a read is prepared once, whatever its values are", async () => {
  expect(await read(database.em, sum(1, 2))).toEqual([{ sum: 3 }]);
  expect(await read(database.em, sum(40, 2))).toEqual([{ sum: 42 }]);
  expect((await prepared()).filter((text) => text === "select $1::int + $2::int as sum")).toHaveLength(1);
});

test("what is not a read is planned each time", async () => {
  await sql`select ${"anything"}::text as written`.execute(database.em.getKysely());
  expect(await prepared()).not.toContain("select $1::text as written");
});

test("a read that fails leaves its session usable, and is answered when it can be", async () => {
  const half = (whole: number) => sql<{ half: number }>`select 1 / ${whole}::int as half`;
  await expect(read(database.em, half(0))).rejects.toThrow("division by zero");
  expect(await read(database.em, half(1))).toEqual([{ half: 1 }]);
});

test("a prepared read sees the firm that its session is bound to, not the one that it was prepared for", async () => {
  const firm = sql<{ firm: string }>`select current_setting('app.firm_id') as firm, ${1}::int as one`;
  for (const firmId of ["1", "2", "1"])
    expect(await inFirm(firmId, () => read(database.em, firm))).toEqual([{ firm: firmId, one: 1 }]);
});

test("a session remembers 200 statements; those after them are answered all the same", async () => {
  for (let count = 0; count < 300; count += 1) prepareFromNowOn(`select ${count}`);
  expect(await read(database.em, sql<{ late: number }>`select ${7}::int as late`)).toEqual([{ late: 7 }]);
  expect(await prepared()).not.toContain("select $1::int as late");
});
