import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { sql } from "kysely";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { inFirm } from "../../src/database/firm-scope.js";
import { openDatabase, type Database, type EntityManager } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { seededDraws } from "../support/distribution.js";
import { insertExamples } from "../support/rows.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();
const opened: Database[] = [];

beforeAll(async () => {
  const owner = await database.session("owner");
  await insertExamples(owner, "1");
  await insertExamples(owner, "2");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function open(poolSize: number, url = database.urls.appUrl): Promise<EntityManager> {
  const one = await openDatabase(url, poolSize);
  opened.push(one);
  return one.em;
}

async function firmsSeen(em: EntityManager): Promise<string[]> {
  const { rows } = await sql<{ firm_id: string }>`select firm_id from sync_run order by firm_id`.execute(
    em.getKysely(),
  );
  return rows.map((row) => row.firm_id);
}

async function countPage(em: EntityManager): Promise<string[]> {
  const change = sql<{ firm_id: string }>`update sync_run set pages_done = pages_done + 1 returning firm_id`;
  return (await change.execute(em.getKysely())).rows.map((row) => row.firm_id);
}

/** Small pieces of work of one firm; each answers with the firms whose rows it came upon. */
const pieces: ((em: EntityManager, firmId: string) => Promise<string[]>)[] = [
  (em, firmId) => inFirm(firmId, () => firmsSeen(em)),
  (em, firmId) =>
    inFirm(firmId, async () => {
      const rows = await em.execute<{ firm_id: string }[]>("select firm_id from sync_run");
      return rows.map((row) => row.firm_id);
    }),
  (em, firmId) => inFirm(firmId, async () => (await em.fork().findAll(SyncRun)).map((run) => run.firmId)),
  (em, firmId) => unitOfWork(em, firmId, (unit) => firmsSeen(unit.em)),
  (em, firmId) => unitOfWork(em, firmId, (unit) => countPage(unit.em)),
  async (em, firmId) => {
    const seen: string[] = [];
    const work = unitOfWork(em, firmId, async (unit) => {
      seen.push(...(await countPage(unit.em)));
      throw new Error("undo this");
    });
    await work.catch(() => undefined);
    return seen;
  },
  async (em, firmId) => {
    const work = unitOfWork(em, firmId, (unit) => unit.em.execute("select 1 / 0"));
    await expect(work).rejects.toThrow("division by zero");
    return inFirm(firmId, () => firmsSeen(em));
  },
  async (em, firmId) => {
    await inFirm(firmId, () => em.execute("select nonsense")).catch(() => undefined);
    return inFirm(firmId, () => firmsSeen(em));
  },
];
const committing = 4;

/** Runs random pieces for two firms and for none, many at once, and answers with those that saw what they should not. */
async function strayViews(em: EntityManager, count: number, seed: number) {
  const draws = seededDraws(count * 2, seed);
  const committed = { "1": 0, "2": 0 };
  const strays: string[] = [];
  const one = async (index: number) => {
    const firm = (["1", "2", null] as const)[Math.floor(Number(draws[index * 2]) * 3)] ?? null;
    const piece = firm === null ? -1 : Math.floor(Number(draws[index * 2 + 1]) * pieces.length);
    const seen = (await (firm === null ? firmsSeen(em) : pieces[piece]?.(em, firm))) ?? [];
    if (firm !== null && piece === committing) committed[firm] += 1;
    if (seen.join() !== (firm ?? ""))
      strays.push(`piece ${piece} of firm ${firm ?? "none"} saw ${seen.join() || "nothing"}`);
  };
  for (let start = 0; start < count; start += 20)
    await Promise.all(Array.from({ length: 20 }, (_, index) => one(start + index)));
  return { strays, committed };
}

describe("work of two firms at once", () => {
  test.each([1, 3])("over a pool of %d never sees the other's rows, whatever fails in between", async (poolSize) => {
    const owner = await database.session("owner");
    await owner.query("update sync_run set pages_done = 0");
    const { strays, committed } = await strayViews(await open(poolSize), 600, poolSize);
    expect(strays).toEqual([]);
    const { rows } = await owner.query<{ pages_done: number }>("select pages_done from sync_run order by firm_id");
    expect(rows.map((row) => row.pages_done)).toEqual([committed["1"], committed["2"]]);
    expect(Math.min(committed["1"], committed["2"])).toBeGreaterThan(0);
  });

  test("is seen to stray where nothing holds the firms apart", async () => {
    const { strays } = await strayViews(await open(3, database.urls.superuserUrl), 100, 1);
    expect(strays.length).toBeGreaterThan(90);
  });

  test("is seen to stray where a session is bound behind the server's back", async () => {
    const em = await open(1);
    await inFirm("1", () => em.execute("select set_config('app.firm_id', '2', false)"));
    expect(await inFirm("1", () => firmsSeen(em))).toEqual(["2"]);
  });
});

describe("a firm's scope", () => {
  test("ends with its work: outside of it the same connection shows nothing", async () => {
    const em = await open(1);
    expect(await firmsSeen(em)).toEqual([]);
    const own = await inFirm("1", () =>
      em.execute<{ pid: number }[]>("select pg_backend_pid() as pid, * from sync_run"),
    );
    const after = await em.execute<{ pid: number; runs: number }[]>(
      "select pg_backend_pid() as pid, (select count(*)::int from sync_run) as runs",
    );
    expect(after).toEqual([{ pid: own[0]?.pid, runs: 0 }]);
  });

  test("gives way to one within it, and comes back", async () => {
    const em = await open(1);
    const seen = await inFirm("1", async () => [
      await firmsSeen(em),
      await inFirm("2", () => firmsSeen(em)),
      await firmsSeen(em),
    ]);
    expect(seen).toEqual([["1"], ["2"], ["1"]]);
  });

  test("cannot be changed within a transaction: its connection stays the firm's", async () => {
    const em = await open(1);
    const seen = await unitOfWork(em, "1", (unit) => inFirm("2", () => firmsSeen(unit.em)));
    expect(seen).toEqual(["1"]);
    expect(await inFirm("2", () => firmsSeen(em))).toEqual(["2"]);
  });

  test("is not lost when a transaction is undone", async () => {
    const em = await open(1);
    await unitOfWork(em, "1", () => Promise.reject(new Error("undo this"))).catch(() => undefined);
    expect(await inFirm("1", () => firmsSeen(em))).toEqual(["1"]);
    expect(await unitOfWork(em, "2", (unit) => firmsSeen(unit.em))).toEqual(["2"]);
  });
});

describe("a binding that fails", () => {
  /** No text that PostgreSQL takes: the statement that binds is refused. */
  const unbindable = "1\u0000";

  test("fails its work, and the connection is not trusted afterwards", async () => {
    const em = await open(1);
    expect(await inFirm("1", () => firmsSeen(em))).toEqual(["1"]);
    for (let time = 0; time < 3; time++) {
      await expect(inFirm(unbindable, () => firmsSeen(em))).rejects.toMatchObject({ code: "22021" });
      await expect(unitOfWork(em, unbindable, (unit) => firmsSeen(unit.em))).rejects.toThrow("digits only");
    }
    expect(await firmsSeen(em)).toEqual([]);
    expect(await inFirm("1", () => firmsSeen(em))).toEqual(["1"]);
  });
});

describe("a connection that the server ends", () => {
  const endOwnSession = "select pg_terminate_backend(pg_backend_pid())";

  test("in the middle of a transaction costs the pool no place", async () => {
    const em = await open(1);
    for (let time = 0; time < 3; time++) {
      await expect(unitOfWork(em, "1", (unit) => unit.em.execute(endOwnSession))).rejects.toMatchObject({
        code: "57P01",
      });
      expect(await inFirm("2", () => firmsSeen(em))).toEqual(["2"]);
    }
  });

  test("during a query costs the pool no place", async () => {
    const em = await open(1);
    await expect(inFirm("1", () => em.execute(endOwnSession))).rejects.toMatchObject({ code: "57P01" });
    await inFirm("1", () => firmsSeen(em)).catch(() => undefined); // may still get the ending connection
    expect(await inFirm("1", () => firmsSeen(em))).toEqual(["1"]);
  });

  test("between two statements of a transaction costs the pool no place", async () => {
    const em = await open(1);
    const superuser = await database.session("superuser");
    const work = unitOfWork(em, "1", async (unit) => {
      const [session] = await unit.em.execute<{ pid: number }[]>("select pg_backend_pid() as pid");
      await superuser.query("select pg_terminate_backend($1, 5000)", [session?.pid]);
      return firmsSeen(unit.em);
    });
    await expect(work).rejects.toThrow(/terminat|not queryable/i);
    expect(await inFirm("2", () => firmsSeen(em))).toEqual(["2"]);
  });

  test("while it is idle is noticed before it is used again, or its work fails alone", async () => {
    const em = await open(1);
    const superuser = await database.session("superuser");
    const [session] = await inFirm("1", () => em.execute<{ pid: number }[]>("select pg_backend_pid() as pid"));
    const ended = superuser.query("select pg_terminate_backend($1, 5000)", [session?.pid]);
    for (let time = 0; time < 10; time++)
      await unitOfWork(em, "2", (unit) => firmsSeen(unit.em)).catch(() => undefined);
    await ended;
    await unitOfWork(em, "2", (unit) => firmsSeen(unit.em)).catch(() => undefined);
    expect(await inFirm("1", () => firmsSeen(em))).toEqual(["1"]);
  });
});
