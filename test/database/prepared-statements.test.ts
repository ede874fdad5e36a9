import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql, type RawBuilder } from "kysely";
import pg from "pg";
import { inFirm } from "../../src/database/firm-scope.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { isPrepared, prepareFromNowOn, read } from "../../src/database/prepared-statements.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { until } from "../support/app.js";
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

const firmOne = () => sql<{ id: string; name: string }>`select id, name from firm where id = ${1}`;

async function asOwner(...statements: string[]): Promise<void> {
  const owner = new pg.Client(testDatabase.ownerUrl);
  await owner.connect();
  try {
    for (const statement of statements) await owner.query(statement);
  } finally {
    await owner.end();
  }
}

const ofFirm = (query: RawBuilder<unknown>) => inFirm("1", () => read(database.em, query));

/** So often that PostgreSQL keeps one plan for all values. */
async function askOften(query: RawBuilder<unknown>): Promise<void> {
  for (let count = 0; count < 7; count += 1) await ofFirm(query);
}

test("a prepared read goes on while columns, indexes and partitions are added to its table and taken away", async () => {
  const attempts = sql`select a.id from sync_attempt a where a.firm_id = ${"1"} order by a.id desc limit 3`;
  await askOften(attempts);
  for (const change of [
    "alter table sync_attempt add column novelty text default 'new'",
    "create table sync_attempt_more partition of sync_attempt for values from (100) to (200)",
    "create index on sync_attempt (firm_id, novelty)",
    "alter table sync_attempt detach partition sync_attempt_more",
    "alter table sync_attempt drop column novelty",
  ]) {
    await asOwner(change);
    expect(await ofFirm(attempts)).toEqual([]);
  }
  expect((await prepared()).filter((text) => text.includes("from sync_attempt a"))).toHaveLength(1);
});

test("a prepared read is answered after a column that it returns has another type", async () => {
  await asOwner("insert into firm (id, name) values (1, 'One')", "alter table firm alter name type varchar(500)");
  await askOften(firmOne());
  await asOwner("alter table firm alter name type text");
  expect(await ofFirm(firmOne())).toEqual([{ id: "1", name: "One" }]);
  expect(await ofFirm(firmOne())).toEqual([{ id: "1", name: "One" }]);
  expect((await prepared()).filter((text) => text.includes("from firm"))).toHaveLength(2); // under its new name, too
});

test("in a transaction, which cannot be saved, the same change has the unit of work repeated", async () => {
  await askOften(firmOne());
  await asOwner("alter table firm alter name type varchar(500)");
  let tries = 0;
  const rows = await unitOfWork(database.em, "1", ({ em }) => {
    tries += 1;
    return read(em, firmOne());
  });
  expect({ tries, rows }).toEqual({ tries: 2, rows: [{ id: "1", name: "One" }] });
});

test("a read is answered when somebody has discarded what its session had prepared", async () => {
  await ofFirm(firmOne());
  await database.em.execute("deallocate all");
  expect(await ofFirm(firmOne())).toEqual([{ id: "1", name: "One" }]);
});

test("a session that was lost with what it had prepared is replaced by one that prepares anew", async () => {
  await ofFirm(firmOne());
  const end = sql`select pg_terminate_backend(pg_backend_pid())`.execute(database.em.getKysely());
  await expect(end).rejects.toThrow();
  // The pool may give out the lost session until it has heard of its end.
  await until(() =>
    ofFirm(firmOne()).then(
      () => true,
      () => false,
    ),
  );
  expect((await prepared()).filter((text) => text.includes("from firm"))).toHaveLength(1);
});

test("the 150 newest statements are prepared; those that made room are answered all the same", async () => {
  const late = () => read(database.em, sql<{ late: number }>`select ${7}::int as late`);
  expect(await late()).toEqual([{ late: 7 }]);
  for (let count = 0; count < 200; count += 1) prepareFromNowOn(`select ${count}`);
  expect([49, 50, 199].map((count) => isPrepared(`select ${count}`))).toEqual([false, true, true]);
  expect(isPrepared("select $1::int as late")).toBe(false);
  expect(await late()).toEqual([{ late: 7 }]);
  expect(isPrepared("select $1::int as late")).toBe(true);
});
