import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { exampleIds, exampleRow, insertExamples, insertRow, withoutId, type Row } from "../support/rows.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();
const firm = "1";
const { appointment } = exampleIds(firm);
const otherConnection = "2";
const otherAppointment = "3";

let owner: pg.Client;
let app: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
  app = await database.session("app", firm);
  const tables = ["firm", "calendar_connection", "appointment"];
  for (const id of [firm, "2"]) await insertExamples(owner, id, tables);
  const second = { ...exampleRow("calendar_connection", firm), id: otherConnection, calendar_id: "second" };
  await insertRow(owner, "calendar_connection", second);
  const another = { ...exampleRow("appointment", firm), id: otherAppointment, external_event_id: "event-2" };
  await insertRow(owner, "appointment", another);
});

beforeEach(async () => {
  await owner.query("delete from sync_run");
});

const at = "2026-01-15T09:00:00Z";
const job = "22222222-2222-4222-8222-222222222222";
const states: Record<string, Row> = {
  QUEUED: { status: "QUEUED" },
  RUNNING: { status: "RUNNING", last_attempt_id: 1, started_at: at, job_id: job },
  RETRYING: { status: "RETRYING", next_retry_at: at, open_failure_id: 1 },
  HELD: { status: "HELD" },
  SUCCEEDED: { status: "SUCCEEDED", finished_at: at },
  FAILED: { status: "FAILED", finished_at: at, open_failure_id: 1 },
  CANCELLED: { status: "CANCELLED", finished_at: at },
};
const kinds: Record<string, Row> = {
  pull: {},
  resync: { operation: "RESYNC" },
  single: { operation: "UPSERT", appointment_id: appointment },
  push: { operation: "UPSERT", direction: "PUSH", appointment_id: appointment },
  removal: { operation: "DELETE", direction: "PUSH", appointment_id: appointment },
};
const active = ["QUEUED", "RUNNING", "RETRYING", "HELD"];

/** Adds a run; null where it is accepted, otherwise the guard that refuses it. */
async function refusedBy(session: pg.Client, kind: string, state: string, changes: Row = {}): Promise<string | null> {
  const row = { ...exampleRow("sync_run", firm), ...kinds[kind], ...states[state], ...changes };
  try {
    await insertRow(session, "sync_run", withoutId(row));
    return null;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === "23505") return error.constraint ?? "";
    throw error;
  }
}

/** The rule, written down a second time: the guards that a pair of runs breaks, in no order. */
function guardsBrokenBy(first: [kind: string, state: string], second: [kind: string, state: string]): string[] {
  const pair = [first, second];
  const all = (test: (kind: string, state: string) => boolean) => pair.every(([kind, state]) => test(kind, state));
  const isPull = (kind: string) => kind === "pull" || kind === "resync";
  const directions = pair.map(([kind]) => (kind === "single" ? "PULL" : isPull(kind) ? "connection" : "PUSH"));
  const isSameAppointment = directions[0] === directions[1] && directions[0] !== "connection";
  const broken = {
    sync_run_one_running_pull: all((kind, state) => isPull(kind) && state === "RUNNING"),
    sync_run_one_queued_pull: all((kind, state) => isPull(kind) && state === "QUEUED"),
    sync_run_one_active_resync: all((kind, state) => kind === "resync" && active.includes(state)),
    sync_run_one_running_per_appointment: isSameAppointment && all((_, state) => state === "RUNNING"),
    sync_run_one_queued_per_appointment: isSameAppointment && all((_, state) => state === "QUEUED"),
  };
  return Object.entries(broken).flatMap(([guard, isBroken]) => (isBroken ? [guard] : []));
}

const combinations = Object.keys(kinds).flatMap((kind) =>
  Object.keys(states).map((state): [string, string] => [kind, state]),
);

describe("beside a run of the same connection or appointment", () => {
  test.each(combinations)("that is a %s %s, exactly what the guards forbid is refused", async (kind, state) => {
    for (const second of combinations) {
      await owner.query("delete from sync_run");
      expect(await refusedBy(app, kind, state)).toBeNull();
      const guard = await refusedBy(app, ...second);
      const broken = guardsBrokenBy([kind, state], second);
      const isAsExpected = guard === null ? broken.length === 0 : broken.includes(guard);
      expect(`${second.join(" ")}: ${isAsExpected ? "right" : `${String(guard)} instead of ${broken.join()}`}`).toBe(
        `${second.join(" ")}: right`,
      );
    }
  });

  test("another connection, another appointment and another firm are free", async () => {
    for (const kind of Object.keys(kinds)) {
      await owner.query("delete from sync_run");
      for (const state of ["QUEUED", "RUNNING"]) {
        const isSingle = kinds[kind]?.["appointment_id"] !== undefined;
        const elsewhere = isSingle ? { appointment_id: otherAppointment } : { connection_id: otherConnection };
        const theirs = exampleIds("2");
        const otherFirm = { firm_id: "2", connection_id: theirs.connection };
        if (kind === "resync" && state === "RUNNING") await owner.query("delete from sync_run");
        expect(await refusedBy(owner, kind, state)).toBeNull();
        expect(await refusedBy(owner, kind, state, elsewhere)).toBeNull();
        const foreign = isSingle ? { ...otherFirm, appointment_id: theirs.appointment } : otherFirm;
        expect(await refusedBy(owner, kind, state, foreign)).toBeNull();
      }
    }
  });
});

describe("two sessions at once", () => {
  const guarded: [kind: string, state: string, guard: string][] = [
    ["pull", "QUEUED", "sync_run_one_queued_pull"],
    ["pull", "RUNNING", "sync_run_one_running_pull"],
    ["resync", "HELD", "sync_run_one_active_resync"],
    ["push", "QUEUED", "sync_run_one_queued_per_appointment"],
    ["single", "RUNNING", "sync_run_one_running_per_appointment"],
  ];

  /** Both add the same; the second begins when the first has, and the first ends when the second waits for it. */
  async function secondOfTwo(kind: string, state: string, ending: "commit" | "rollback"): Promise<string | null> {
    const other = await database.session("app", firm);
    const { rows } = await other.query<{ pid: number }>("select pg_backend_pid() as pid");
    await app.query("begin");
    expect(await refusedBy(app, kind, state)).toBeNull();
    const waiting = refusedBy(other, kind, state);
    while (!(await isBlocked(Number(rows[0]?.pid)))) await new Promise((resolve) => setTimeout(resolve, 5));
    await app.query(ending);
    return waiting;
  }

  async function isBlocked(pid: number): Promise<boolean> {
    const question = "select cardinality(pg_blocking_pids($1)) > 0 as is_blocked";
    return (await owner.query<{ is_blocked: boolean }>(question, [pid])).rows[0]?.is_blocked ?? false;
  }

  test.each(guarded)(
    "that add a %s %s: the second waits, and is refused when the first commits",
    async (kind, state, guard) => {
      expect(await secondOfTwo(kind, state, "commit")).toBe(guard);
    },
  );

  test.each(guarded)("that add a %s %s: the second gets its place when the first is undone", async (kind, state) => {
    expect(await secondOfTwo(kind, state, "rollback")).toBeNull();
  });
});

test.each(["pull", "resync"])("of twenty sessions that add a %s at once, one succeeds", async (kind) => {
  const sessions = await Promise.all(Array.from({ length: 20 }, () => database.session("app", firm)));
  const answers = await Promise.all(sessions.map((session) => refusedBy(session, kind, "QUEUED")));
  expect(answers.filter((answer) => answer === null)).toHaveLength(1);
});

test("of ten sessions that start ten waiting pulls at once, one starts", async () => {
  for (let pull = 0; pull < 10; pull++) await refusedBy(owner, "pull", "RETRYING");
  const { rows } = await owner.query<{ id: string }>("select id from sync_run");
  const sessions = await Promise.all(rows.map(() => database.session("app", firm)));
  const start = `update sync_run set status = 'RUNNING', next_retry_at = null, last_attempt_id = 1, started_at = now(),
    job_id = gen_random_uuid() where id = $1`;
  const started = await Promise.allSettled(sessions.map((session, index) => session.query(start, [rows[index]?.id])));
  expect(started.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect((await owner.query("select from sync_run where status = 'RUNNING'")).rowCount).toBe(1);
});
