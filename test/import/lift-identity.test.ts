import { beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { databaseOfFile, refusalOf } from "../support/sessions.js";
import { given } from "./lines.js";
import { importing } from "./importing.js";

const database = databaseOfFile();
let app: pg.Client;
let superuser: pg.Client;

beforeAll(async () => {
  app = await database.session("app", "1");
  superuser = await database.session("superuser");
  await superuser.query("insert into firm (id, name) values (1, 'A firm')");
});

async function nextId(session = app): Promise<number> {
  const { rows } = await session.query<{ id: string }>(
    "insert into appointment (firm_id, title, starts_at, ends_at) values (1, 'New', now(), now()) returning id",
  );
  return Number(rows[0]?.id);
}

describe("an identity", () => {
  test("is lifted beyond an id, also one that is next, and never lowered", async () => {
    await app.query("select lift_identity('appointment', 1)");
    expect(await nextId()).toBe(2);
    await app.query("select lift_identity('appointment', 1000)");
    expect(await nextId()).toBe(1001);
    await app.query("select lift_identity('appointment', 500)");
    expect(await nextId()).toBe(1002);
  });

  test("is not lowered by one who looked before others took ids beyond what it is lifted to", async () => {
    await superuser.query("select setval('appointment_id_seq', 2000)");
    const other = await database.session("app", "1");
    await other.query("begin");
    expect(await nextId(other)).toBe(2001);
    const lifted = app.query("select lift_identity('appointment', 2010)"); // waits for the other one's transaction
    const waiting =
      "select from pg_locks where not granted and locktype = 'relation' and relation = 'appointment_id_seq'::regclass";
    while ((await superuser.query(waiting)).rowCount === 0);
    for (let id = 2002; id <= 2020; id += 1) expect(await nextId(other)).toBe(id);
    await other.query("commit");
    await lifted;
    expect(await nextId()).toBe(2021);
  });

  test("is lifted for the tables of an import alone, and not so far that no ids are left", async () => {
    const outcome = (sql: string) => refusalOf(app, () => app.query(sql));
    expect(await outcome("select lift_identity('sync_run', 1000)")).toBe("22023");
    expect(await outcome("select lift_identity('audit_event', 1000)")).toBe("22023");
    expect(await outcome("select lift_identity('appointment; drop table firm', 1)")).toBe("22023");
    expect(await outcome("select lift_identity('appointment', 4611686018427387905)")).toBe("22023");
    expect(await outcome("select setval('appointment_id_seq', 1)")).toBe("42501");
    const system = await database.session("system");
    expect(await refusalOf(system, () => system.query("select lift_identity('appointment', 1)"))).toBe("42501");
  });
});

test("while a server adds appointments, an import takes its ids and no insert ever meets one of them", async () => {
  const over = new AbortController();
  const ids: number[] = [];
  const adding = (async () => {
    while (!over.signal.aborted) ids.push(await nextId());
  })();
  for (let firm = 1; firm <= 5; firm += 1) {
    const start = 10_000 * firm;
    const lines = Array.from({ length: 300 }, (_, index) => given.appointment(1, start + index, null));
    await importing(database.urls, [lines]);
  }
  over.abort();
  await adding;
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(5);
  expect(await nextId()).toBeGreaterThan(50_299);
});
