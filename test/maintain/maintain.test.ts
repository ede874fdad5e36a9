import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { attemptPartitionsToDrop, dropAttempts } from "../../src/maintain/drop-attempts.js";
import { previewMaintenance } from "../../src/maintain/preview.js";
import { fixInstants } from "../../src/maintain/retention.js";
import { checkInvariants } from "../../src/verify/verify.js";
import { TestApp, until } from "../support/app.js";
import {
  environment,
  lineOf,
  maintained,
  makeLongHistory,
  ownerOf,
  partitionsOf,
  retention,
  seenByManagers,
  violated,
  violationsOf,
  type LongHistory,
} from "./long-history.js";

let app: TestApp;
let owner: pg.Client;
let history: LongHistory;

beforeAll(async () => {
  app = await TestApp.start({ environment });
  history = await makeLongHistory(app);
  owner = await ownerOf(app);
  await app.pull(history.quiet);
});

afterAll(async () => {
  await owner.end();
  await app.stop();
});

const archived =
  "select archived_successes::int + archived_transient_failures::int as rows from connection_statistics order by connection_id";

// In this order: the history is maintained once.
describe("maintaining a database with a long history", () => {
  test("is told beforehand, and a dry run changes nothing", async () => {
    expect(await violationsOf(app)).toEqual([]);
    const before = await partitionsOf(app, "sync_attempt");
    const steps = (await previewMaintenance(owner, retention)).map(lineOf);
    expect(steps.slice(0, 3)).toEqual([
      "sync_attempt_0 dropped 6 kept 2",
      "sync_attempt_100 dropped 0 kept 0",
      expect.stringMatching(/^audit_event_0 dropped \d+ kept 1$/),
    ]);
    expect(await partitionsOf(app, "sync_attempt")).toEqual(before);
  });

  test.each<[what: string, fault: RegExp, instead: string, violated: string[]]>([
    ["nothing", /^$/, "", []],
    [
      "open failures",
      /^\s*insert into sync_attempt select a/,
      "select from generate_series(1, 2)",
      ["open-failure-counters", "failed-run", "open-failure-named-by-run", "attempt-counters", "consecutive-failures"],
    ],
    ["the counters", /^\s*update connection_statistics s/, "select", ["attempt-counters"]],
  ])("verify notices when dropping forgets %s", async (_, fault, instead, broken) => {
    expect((await afterDropping(fault, instead)).sort()).toEqual(broken.sort());
  });

  test("drops what is old, keeps open failures with their chains, and changes nothing that managers see", async () => {
    const before = await seenByManagers(app);
    const steps = await maintained(owner);
    expect(steps).toEqual([
      "sync_attempt_0 dropped 6 kept 2",
      "sync_attempt_100 dropped 0 kept 0",
      expect.stringMatching(/^audit_event_0 dropped \d+ kept 1$/),
      "audit_event_100 dropped 0 kept 0",
      "sync_attempt_200 added moved 1",
      "sync_attempt_300 added moved 0",
      "audit_event_200 added moved 0",
      "audit_event_300 added moved 0",
      "4 runs",
    ]);
    expect(await seenByManagers(app)).toEqual(before);
    expect(await violationsOf(app)).toEqual([]);
    expect(await app.sql(archived)).toEqual([{ rows: 3 }, { rows: 0 }, { rows: 3 }]);
    const live = ["sync_attempt_200", "sync_attempt_300", "sync_attempt_default"];
    expect(await partitionsOf(app, "sync_attempt")).toEqual(live);
  });

  test("has nothing left to do when it is done again", async () => {
    expect(await maintained(owner)).toEqual([]);
  });

  test("leaves a manager's old failure as replayable as it was", async () => {
    const mutation = `mutation { replayAttempt(attemptId: ${history.openFailure}) { result { status } } }`;
    expect(await app.manager(mutation)).toEqual({ replayAttempt: { result: { status: "SUCCESS" } } });
    expect(await violationsOf(app)).toEqual([]);
  });

  test("takes rows of a new partition out of DEFAULT, audit events too, and refuses to change them there", async () => {
    await app.sql("select setval(pg_get_serial_sequence('audit_event', 'id'), 520)");
    await app.manager("{ auditEvents { totalCount } }");
    const steps = await maintained(owner);
    expect(steps).toContain("audit_event_500 added moved 1");
    const [moved] = await app.sql(
      "select id, tableoid::regclass::text as partition from audit_event order by id desc limit 1",
    );
    expect(moved).toEqual({ id: "521", partition: "audit_event_500" });
    for (const change of [
      "truncate audit_event_500",
      "delete from audit_event_500",
      "update audit_event set severity = 'info'",
    ]) {
      await expect(owner.query(change)).rejects.toMatchObject({ code: "23001" });
    }
  });

  test("waits for who holds a table, and holds up nobody meanwhile", async () => {
    await app.sql("select setval(pg_get_serial_sequence('sync_attempt', 'id'), 720)");
    const reader = await ownerOf(app);
    const other = await ownerOf(app);
    await reader.query("begin; lock table sync_attempt in access share mode");
    let isDone = false;
    const maintaining = maintained(owner).finally(() => (isDone = true));
    await waitingFor(other, "%sync_attempt%");
    await other.query("set lock_timeout = '3s'; select from sync_attempt limit 1");
    expect(isDone).toBe(false);
    await reader.query("rollback");
    expect(await maintaining).toContain("sync_attempt_700 added moved 0");
    await Promise.all([reader.end(), other.end()]);
  });
});

/** What verify finds after a partition was dropped with another statement in the place of one; undone afterwards. */
async function afterDropping(fault: RegExp, instead: string): Promise<string[]> {
  await fixInstants(owner, retention);
  const [partition] = await attemptPartitionsToDrop(owner);
  if (!partition) throw new Error("there is no partition to drop");
  await owner.query("begin");
  const faulty = new Proxy(owner, {
    get: (client, name) =>
      name === "query" ? (text: string) => client.query(planted(text)) : (Reflect.get(client, name) as unknown),
  });
  const planted = (text: string): string =>
    /^(begin|commit|rollback)$/.test(text) ? "select" : fault.test(text) ? instead : text;
  try {
    await dropAttempts(faulty, partition);
    const kept = { retentionDays: retention.days, auditRetentionDays: retention.auditDays };
    return violated(await checkInvariants(owner, kept));
  } finally {
    await owner.query("rollback");
  }
}

/** Until some session waits for the lock of a statement that is LIKE this. */
async function waitingFor(session: pg.Client, statement: string): Promise<void> {
  await until(async () => {
    const { rowCount } = await session.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and query like $1 and pid <> pg_backend_pid()",
      [statement],
    );
    return rowCount === 1;
  });
}
