import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { lockRun } from "../../src/attempts/lock.js";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { AuditEvent } from "../../src/audit/audit-event.entity.js";
import { record } from "../../src/audit/record.js";
import { inFirm } from "../../src/database/firm-scope.js";
import { openDatabase, type Database, type EntityManager } from "../../src/database/orm.js";
import { unitOfWork, type UnitOfWork } from "../../src/database/unit-of-work.js";
import { exampleIds, exampleRow, insertExamples, insertRow } from "../support/rows.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();
const firm = "1";
const { run: firstRun, connection } = exampleIds(firm);
const secondRun = "2";

let opened: Database;
let em: EntityManager;
let owner: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
  await insertExamples(owner, firm);
  await insertRow(owner, "sync_run", { ...exampleRow("sync_run", firm), id: secondRun, status: "HELD" });
  opened = await openDatabase(database.urls.appUrl, 4);
  em = opened.em;
});

afterAll(() => opened.close());

beforeEach(async () => {
  await owner.query("update sync_run set fence = 0, pages_done = 0");
  await owner.query(
    "alter table audit_event disable trigger all; delete from audit_event; alter table audit_event enable trigger all",
  );
});

const resource = { type: "calendar_connection", id: connection } as const;

function recordPage(unit: UnitOfWork): void {
  record(unit, { eventType: "calendar_sync_retry", resource, metadata: {} });
}

function loadRun(unit: UnitOfWork, id: string): Promise<SyncRun> {
  return unit.em.findOneOrFail(SyncRun, { firmId: unit.firmId, id });
}

async function stored(): Promise<{ events: number; pages: number[] }> {
  const { rows } = await owner.query<{ events: number; pages: number[] }>(
    `select (select count(*)::int from audit_event) as events,
       (select array_agg(pages_done order by id desc) from sync_run) as pages`,
  );
  return rows[0] ?? { events: -1, pages: [] };
}

/** A pool whose sessions have a setting of their own. */
function openWith(setting: string): Promise<Database> {
  const url = new URL(database.urls.appUrl);
  url.searchParams.set("options", `-c ${setting}`);
  return openDatabase(url.href, 2);
}

describe("a unit of work", () => {
  test("commits what was loaded, changed and recorded", async () => {
    await unitOfWork(em, firm, async (unit) => {
      (await loadRun(unit, firstRun)).pagesDone = 3;
      recordPage(unit);
    });
    expect(await stored()).toEqual({ events: 1, pages: [3, 0] });
  });

  test("that fails leaves nothing, and nothing of it comes with a later flush", async () => {
    const flushed: string[] = [];
    const failing = unitOfWork(em, firm, async (unit) => {
      (await loadRun(unit, firstRun)).pagesDone = 3;
      recordPage(unit);
      await unit.em.flush();
      recordPage(unit); // queued only
      flushed.push("once");
      throw new Error("undo this");
    });
    await expect(failing).rejects.toThrow("undo this");
    expect(flushed).toEqual(["once"]);
    await em.fork().flush();
    await em.flush();
    await unitOfWork(em, firm, (unit) => unit.em.flush());
    expect(await stored()).toEqual({ events: 0, pages: [0, 0] });
  });

  test("whose flush is refused leaves nothing", async () => {
    const refused = unitOfWork(em, firm, async (unit) => {
      (await loadRun(unit, firstRun)).fence = -1;
      recordPage(unit);
    });
    await expect(refused).rejects.toMatchObject({ code: "23514", constraint: "sync_run_fence_check" });
    await unitOfWork(em, firm, (unit) => unit.em.flush());
    expect(await stored()).toEqual({ events: 0, pages: [0, 0] });
  });

  test("that is refused at commit leaves nothing", async () => {
    const refused = unitOfWork(em, firm, async (unit) => {
      const run = await loadRun(unit, firstRun);
      run.trigger = "MANUAL";
      run.requestedById = "manager-1";
      recordPage(unit);
    });
    await expect(refused).rejects.toMatchObject({ code: "23514" });
    await unitOfWork(em, firm, (unit) => unit.em.flush());
    expect(await stored()).toEqual({ events: 0, pages: [0, 0] });
  });

  test("keeps apart from what the caller has queued, which shows how a phantom would come about", async () => {
    const callers = em.fork();
    const phantom = callers.create(AuditEvent, {
      ...{ firmId: firm, eventType: "phantom", eventCategory: "audit", severity: "info", actorId: null },
      ...{ resourceType: "firm", resourceId: firm, correlationId: null, metadata: {}, createdAt: new Date() },
    });
    const failing = unitOfWork(callers, firm, () => {
      callers.persist(phantom);
      return Promise.reject(new Error("undo this"));
    });
    await expect(failing).rejects.toThrow("undo this");
    expect((await stored()).events).toBe(0);
    await unitOfWork(callers, firm, (unit) => unit.em.flush());
    expect((await stored()).events).toBe(0);
    await inFirm(firm, () => callers.flush());
    expect((await stored()).events).toBe(1);
  });

  test("has the transaction's time by the database's clock, in milliseconds", async () => {
    const [now, again, written] = await unitOfWork(em, firm, async (unit) => {
      await unit.em.execute("select pg_sleep(0.01)");
      recordPage(unit);
      const rows = await unit.em.execute<{ now: string }[]>("select now()::timestamptz(3) as now");
      const [row] = rows;
      return [unit.now, new Date(String(row?.now)), unit.now] as const;
    });
    expect(again).toEqual(now);
    const { rows } = await owner.query<{ created_at: Date }>("select created_at from audit_event");
    expect(rows).toEqual([{ created_at: written }]);
  });

  test("has that time exactly where the database's time zone is another", async () => {
    const elsewhere = await openWith("timezone=Asia/Kolkata");
    const [now, epoch] = await unitOfWork(elsewhere.em, firm, async (unit) => {
      const [row] = await unit.em.execute<{ zone: string; epoch: string }[]>(
        "select current_setting('timezone') as zone, (extract(epoch from now()::timestamptz(3)) * 1000)::bigint::text as epoch",
      );
      expect(row?.zone).toBe("Asia/Kolkata");
      return [unit.now.getTime(), Number(row?.epoch)];
    }).finally(() => elsewhere.close());
    expect(now).toBe(epoch);
  });
});

describe("a unit of work is repeated on fresh entities", () => {
  /** Two units that lock the two runs in opposite order, each only when the other has its first. */
  test("after a deadlock", async () => {
    const bothHold = barrier(2);
    const tries = { "1": 0, "2": 0 };
    const loaded: SyncRun[] = [];
    const unit = (name: "1" | "2", first: string, second: string) =>
      unitOfWork(em, firm, async (work) => {
        tries[name] += 1;
        for (const id of [first, second]) {
          const run = await lockRun(work, id);
          if (!run) throw new Error(`there is no run ${id}`);
          loaded.push(run);
          run.pagesDone += 1;
          await work.em.flush();
          if (id === first && tries[name] === 1) await bothHold();
        }
        recordPage(work);
      });
    await Promise.all([unit("1", firstRun, secondRun), unit("2", secondRun, firstRun)]);
    expect(tries["1"] + tries["2"]).toBe(3);
    expect(new Set(loaded).size).toBe(loaded.length);
    expect(await stored()).toEqual({ events: 2, pages: [2, 2] });
  });

  test("after a serialization failure", async () => {
    const serializable = await openWith("default_transaction_isolation=serializable");
    const bothHaveRead = barrier(2);
    const tries = { "1": 0, "2": 0 };
    const unit = (name: "1" | "2", change: (first: SyncRun, second: SyncRun) => void) =>
      unitOfWork(serializable.em, firm, async (work) => {
        tries[name] += 1;
        change(await loadRun(work, firstRun), await loadRun(work, secondRun));
        recordPage(work);
        if (tries[name] === 1) await bothHaveRead();
      });
    await Promise.all([
      unit("1", (first, second) => (first.pagesDone = second.pagesDone + 1)),
      unit("2", (first, second) => (second.pagesDone = first.pagesDone + 1)),
    ]).finally(() => serializable.close());
    expect(tries["1"] + tries["2"]).toBe(3);
    const { events, pages } = await stored();
    expect({ events, pages: pages.sort() }).toEqual({ events: 2, pages: [1, 2] });
  });

  test("but not after any other failure", async () => {
    for (const state of ["23505", "55P03", "57014", "P0001"]) {
      let tries = 0;
      const failing = unitOfWork(em, firm, async (unit) => {
        tries += 1;
        await unit.em.execute(`do $$ begin raise exception 'no' using errcode = '${state}'; end $$`);
      });
      await expect(failing).rejects.toMatchObject({ code: state });
      expect(tries).toBe(1);
    }
  });

  test("six times in all, then fails as the database said", async () => {
    let tries = 0;
    const failing = unitOfWork(em, firm, async (unit) => {
      tries += 1;
      recordPage(unit);
      await unit.em.flush();
      await unit.em.execute("do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$");
    });
    await expect(failing).rejects.toMatchObject({ code: "40P01" });
    expect(tries).toBe(6);
    expect((await stored()).events).toBe(0);
  });
});

/** Resolves for all when so many have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let come = 0;
  return () => {
    come += 1;
    if (come === count) resolve(undefined);
    return promise;
  };
}
