import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { failpoints, type Failpoint } from "../../src/failpoints.js";
import { verify } from "../../src/verify/verify.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { firstOf } from "../support/long.js";
import { importProcess } from "./import-process.js";
import { given } from "./lines.js";

jest.setTimeout(120_000);

let database: TestDatabase;
let superuser: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  superuser = new pg.Client(database.superuserUrl);
  await superuser.connect();
});

afterEach(async () => {
  await superuser.end();
  await database.drop();
});

const firms = [1, 2, 3];
const lines = firms.flatMap((firm) => [
  given.firm(firm),
  given.connection(firm, 10),
  ...[20, 21, 22].map((id) => given.appointment(firm, id, 10)),
  given.attempt(firm, 30, 10),
  given.failedAttempt(firm, 31, 10),
]);

/** For each firm how many rows it has in each table. */
async function stored(): Promise<Record<string, string>> {
  const { rows } = await superuser.query<{ firm: string; has: string }>(
    `select f.id as firm, concat_ws(' ', (select count(*) from calendar_connection where firm_id = f.id),
       (select count(*) from calendar_credential where firm_id = f.id), (select count(*) from appointment where firm_id = f.id),
       (select count(*) from sync_attempt where firm_id = f.id), (select count(*) from audit_event where firm_id = f.id)) as has
     from firm f order by 1`,
  );
  return Object.fromEntries(rows.map(({ firm, has }) => [firm, has]));
}

/** A firm that is there whole. */
const whole = "1 1 3 2 1";

/** Temporary tables that are left, and rows with a token in the clear. */
async function leftovers(): Promise<number> {
  const { rows } = await superuser.query<{ tables: number }>(
    "select count(*)::int as tables from pg_class where relpersistence = 't' and relkind = 'r'",
  );
  return rows[0]?.tables ?? 0;
}

async function violations(): Promise<string[]> {
  return (await verify(database.systemUrl)).invariants.filter(({ count }) => count > 0).map(({ name }) => name);
}

async function noLeftovers(): Promise<boolean> {
  for (let looks = 0; looks < 200; looks += 1) {
    if ((await leftovers()) === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

const deaths: [Failpoint, nth: number, firmsImported: number][] = [
  ["import.staged", 1, 0],
  ["import.identities-lifted", 2, 1],
  ["import.in-transaction", 3, 2],
  ["import.committed", 1, 1],
  ["import.identities-lifted", 1, 0],
  ["import.in-transaction", 1, 0],
  ["import.committed", 3, 3],
];

describe("an import that is killed", () => {
  test.each(firstOf(4, deaths))(
    "at %s, visit %i, has imported %i firms whole and nothing of the others, and can be run again",
    async (name, nth, imported) => {
      const { ended } = await importProcess(database, lines, { killedAt: { name, nth } });
      expect(ended).toBe("SIGKILL");
      expect(await stored()).toEqual(Object.fromEntries(firms.slice(0, imported).map((firm) => [firm, whole])));
      expect(await noLeftovers()).toBe(true);
      expect(await violations()).toEqual([]);

      expect((await importProcess(database, lines)).ended).toBe(0);
      expect(await stored()).toEqual({ 1: whole, 2: whole, 3: whole });
      expect(await violations()).toEqual([]);
    },
  );

  test("is killed at each of its failpoints here", () => {
    const own = Object.keys(failpoints).filter((name) => name.startsWith("import."));
    expect([...new Set(deaths.map(([name]) => name))]).toEqual(own);
  });
});

test("Ctrl-C rolls back the firm in hand, and says so", async () => {
  const holder = new pg.Client(database.superuserUrl);
  await holder.connect();
  await holder.query("begin; lock table appointment in share mode"); // the first firm waits in its transaction
  const { ended, output } = await importProcess(database, lines, {
    onStarted: async (kill) => {
      const waiting = "select from pg_locks where not granted and relation = 'appointment'::regclass";
      while ((await superuser.query(waiting)).rowCount === 0);
      kill("SIGINT");
    },
  });
  await holder.end();
  expect({ ended, output }).toEqual({
    ended: 1,
    output: "import: stopped: the firm in hand is rolled back; the ones told above are imported\n",
  });
  expect(await stored()).toEqual({});
  expect(await noLeftovers()).toBe(true);
});
