import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { lockConnection, lockLastAttempt, lockRun, lockRunAndConnection } from "../../src/attempts/lock.js";
import { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { CalendarConnection } from "../../src/connections/calendar-connection.entity.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { unitOfWork, type UnitOfWork } from "../../src/database/unit-of-work.js";
import { until } from "../support/app.js";
import { exampleIds, insertExamples } from "../support/rows.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();
const firm = "1";
const ids = exampleIds(firm);

let opened: Database;
let owner: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
  await insertExamples(owner, firm);
  await insertExamples(owner, "2");
  await owner.query(
    'update sync_run set last_attempt_id = 104, skipped_events = \'[{"reason": "odd"}]\' where id = 103',
  );
  opened = await openDatabase(database.urls.appUrl, 3);
});

afterAll(() => opened.close());

beforeEach(() => owner.query("update sync_run set pages_done = 0, last_attempt_id = 104 where id = 103"));

function inUnit<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
  return unitOfWork(opened.em, firm, work);
}

/** As MikroORM finds them. */
async function found(unit: UnitOfWork) {
  const { firmId } = unit;
  return {
    connection: await unit.em.findOneOrFail(CalendarConnection, { firmId, id: ids.connection }),
    run: await unit.em.findOneOrFail(SyncRun, { firmId, id: ids.run }),
    attempt: await unit.em.findOneOrFail(SyncAttempt, { firmId, id: ids.attempt }),
  };
}

const pagesDone = async () =>
  (await owner.query<{ pages_done: number }>("select pages_done from sync_run where id = 103")).rows;

describe("what is locked with one statement", () => {
  test("is what the object-relational mapper would have found, and is changed as that is", async () => {
    const plain = await inUnit(found);
    const locked = await inUnit(async (unit) => {
      const rows = await lockLastAttempt(unit, ids.run);
      if (!rows) throw new Error("there is no such run");
      expect(unit.em.getUnitOfWork().getById(SyncRun, ids.run)).toBe(rows.run);
      rows.run.pagesDone += 1;
      return rows;
    });
    locked.run.pagesDone -= 1;
    expect(locked).toEqual(plain);
    expect(await pagesDone()).toEqual([{ pages_done: 1 }]);
  });

  test("is not written where nothing has changed", async () => {
    await inUnit(async (unit) => {
      await lockLastAttempt(unit, ids.run);
      unit.em.getUnitOfWork().computeChangeSets();
      expect(unit.em.getUnitOfWork().getChangeSets()).toEqual([]);
    });
  });

  test("is not there for another firm, nor what has never been", async () => {
    const locks: ((unit: UnitOfWork) => Promise<unknown>)[] = [
      (unit: UnitOfWork) => lockConnection(unit, exampleIds("2").connection),
      (unit: UnitOfWork) => lockRun(unit, exampleIds("2").run),
      (unit: UnitOfWork) => lockRunAndConnection(unit, exampleIds("2").run),
      (unit: UnitOfWork) => lockLastAttempt(unit, "999"),
    ];
    for (const lock of locks) expect(await inUnit(lock)).toBeNull();
  });

  test.each(["connection", "run", "attempt"] as const)(
    "waits for who has the %s, and is as that one leaves it",
    async (held) => {
      const table = { connection: "calendar_connection", run: "sync_run", attempt: "sync_attempt" }[held];
      await owner.query("begin");
      await owner.query(`select from ${table} where id = $1 for update`, [ids[held]]);
      const waiting = inUnit((unit) => lockLastAttempt(unit, ids.run));
      await until(async () => (await waitingSessions()) === 1);
      await owner.query("update sync_run set pages_done = 7 where id = 103");
      await owner.query("update sync_attempt set request_count = 5 where id = 104");
      await owner.query("commit");
      const locked = await waiting;
      expect([locked?.run.pagesDone, locked?.attempt.requestCount]).toEqual([7, 5]);
    },
  );

  test("is not there when another attempt has begun meanwhile", async () => {
    await owner.query("begin");
    await owner.query("update sync_run set last_attempt_id = 105 where id = 103");
    const waiting = inUnit((unit) => lockLastAttempt(unit, ids.run));
    await until(async () => (await waitingSessions()) === 1);
    await owner.query("commit");
    expect(await waiting).toBeNull();
  });

  /** Whether the run is free while `lock` waits for its connection. */
  async function leavesRunFree(lock: (unit: UnitOfWork) => Promise<unknown>): Promise<boolean> {
    await owner.query("begin");
    await owner.query("select from calendar_connection where id = $1 for update", [ids.connection]);
    const waiting = inUnit(lock);
    await until(async () => (await waitingSessions()) === 1);
    const { rows } = await owner.query("select from sync_run where id = $1 for update skip locked", [ids.run]);
    await owner.query("commit");
    await waiting;
    return rows.length === 1;
  }

  test("is locked in the order in which deeds lock: whoever waits for the connection holds no run", async () => {
    expect(await leavesRunFree((unit) => lockRunAndConnection(unit, ids.run))).toBe(true);
    expect(await leavesRunFree((unit) => lockLastAttempt(unit, ids.run))).toBe(true);
  });

  test("is seen to hold the run where a statement names that first", async () => {
    const wrongly = `select from sync_run run join calendar_connection connection on connection.id = run.connection_id
      where run.id = ${ids.run} for update of run, connection`;
    expect(await leavesRunFree((unit) => unit.em.execute(wrongly))).toBe(false);
  });
});

/** Of this database, for a lock. */
async function waitingSessions(): Promise<number> {
  const { rows } = await owner.query<{ count: number }>(
    "select count(distinct pid)::int as count from pg_locks where not granted and pid <> pg_backend_pid()",
  );
  return rows[0]?.count ?? 0;
}
