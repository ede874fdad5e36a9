import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { exampleRow, insertExamples, insertRow, withoutId, type Row } from "../support/rows.js";
import { databaseOfFile, type Login } from "../support/sessions.js";

const database = databaseOfFile();
const firm = "1";
const otherFirm = "2";
const refused = "23514";

let owner: pg.Client;
let app: pg.Client;
let correlationId: string;

beforeAll(async () => {
  owner = await database.session("owner");
  app = await database.session("app", firm);
  const tables = ["firm", "calendar_connection", "appointment"];
  await insertExamples(owner, firm, tables);
  await insertExamples(owner, otherFirm, tables);
});

beforeEach(async () => {
  correlationId = crypto.randomUUID();
  await owner.query("delete from sync_run");
});

function manualRun(session: pg.Client, changes: Row = {}, firmId = firm): Promise<unknown> {
  return insertRow(session, "sync_run", {
    ...{ ...exampleRow("sync_run", firmId), operation: "RESYNC", trigger: "MANUAL", requested_by_id: "manager-1" },
    ...{ correlation_id: correlationId, ...changes },
  });
}

function requestedEvent(session: pg.Client, changes: Row = {}, firmId = firm): Promise<unknown> {
  return insertRow(session, "audit_event", {
    ...{
      ...withoutId(exampleRow("audit_event", firmId)),
      event_type: "calendar_connection_resync_requested",
      event_category: "calendar_sync",
    },
    ...{ correlation_id: correlationId, ...changes },
  });
}

/** The answer to COMMIT: every statement before it must pass. */
async function commitOf(session: pg.Client, ...statements: (() => Promise<unknown>)[]): Promise<string> {
  await session.query("begin");
  for (const statement of statements) await statement();
  try {
    await session.query("commit");
    return "committed";
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return String(error.code);
  }
}

async function runs(): Promise<number> {
  return (await owner.query("select from sync_run")).rowCount ?? 0;
}

describe("a manager's run", () => {
  test.each<Login>(["app", "owner"])(
    "without its requested event is refused when the login %s commits",
    async (login) => {
      const session = login === "app" ? app : owner;
      expect(await commitOf(session, () => manualRun(session))).toBe(refused);
      expect(await runs()).toBe(0);
    },
  );

  test("outside a transaction is refused at once", async () => {
    await expect(manualRun(app)).rejects.toMatchObject({
      code: refused,
      message: expect.stringMatching(/^run 103 was asked/),
    });
  });

  test("with its event is accepted, whichever comes first", async () => {
    expect(
      await commitOf(
        app,
        () => manualRun(app),
        () => requestedEvent(app),
      ),
    ).toBe("committed");
    await owner.query("delete from sync_run");
    correlationId = crypto.randomUUID();
    expect(
      await commitOf(
        app,
        () => requestedEvent(app),
        () => manualRun(app),
      ),
    ).toBe("committed");
    expect(await runs()).toBe(1);
  });

  test("of one appointment is accepted with the event of that", async () => {
    const event = { event_type: "appointment_resync_requested" };
    const single = { operation: "UPSERT", appointment_id: exampleRow("appointment", firm)["id"] };
    expect(
      await commitOf(
        app,
        () => manualRun(app, single),
        () => requestedEvent(app, event),
      ),
    ).toBe("committed");
  });

  test("is refused with an event of something else", async () => {
    const event = { event_type: "calendar_sync_retry" };
    expect(
      await commitOf(
        app,
        () => manualRun(app),
        () => requestedEvent(app, event),
      ),
    ).toBe(refused);
    const other = { correlation_id: crypto.randomUUID() };
    expect(
      await commitOf(
        app,
        () => manualRun(app),
        () => requestedEvent(app, other),
      ),
    ).toBe(refused);
    expect(
      await commitOf(
        app,
        () => manualRun(app),
        () => requestedEvent(app, { correlation_id: null }),
      ),
    ).toBe(refused);
  });

  test("is refused with another firm's event of the same correlation id", async () => {
    await requestedEvent(owner, {}, otherFirm);
    expect(await commitOf(app, () => manualRun(app))).toBe(refused);
    expect(await commitOf(owner, () => manualRun(owner))).toBe(refused);
    expect(await commitOf(owner, () => manualRun(owner, {}, otherFirm))).toBe("committed");
  });

  test("is refused when its event was undone before", async () => {
    await app.query("begin");
    await requestedEvent(app);
    await app.query("rollback");
    expect(await commitOf(app, () => manualRun(app))).toBe(refused);
    const undone = async () => {
      await app.query("savepoint before");
      await requestedEvent(app);
      await app.query("rollback to savepoint before");
    };
    expect(await commitOf(app, () => manualRun(app), undone)).toBe(refused);
  });

  test("is refused although a temporary table looks like the audit, thanks to the guard's own search path", async () => {
    await app.query("create temporary table audit_event (firm_id bigint, correlation_id uuid, event_type text)");
    const shadow = () =>
      app.query("insert into pg_temp.audit_event values ($1, $2, 'calendar_connection_resync_requested')", [
        ...[firm, correlationId],
      ]);
    const commit = () =>
      commitOf(
        app,
        () => manualRun(app),
        () => shadow(),
      );
    expect(await commit()).toBe(refused);
    await owner.query("alter function require_requested_event() reset search_path");
    expect(await commit()).toBe("committed");
    await owner.query("alter function require_requested_event() set search_path = public, pg_temp");
    await app.query("drop table pg_temp.audit_event");
  });
});

describe("a run that is there already", () => {
  const scheduled = { operation: "LIST_CHANGES", trigger: "SCHEDULE", requested_by_id: null };

  test("cannot become a manager's without an event", async () => {
    await manualRun(app, scheduled);
    const change = () => app.query("update sync_run set trigger = 'MANUAL', requested_by_id = 'manager-1'");
    expect(await commitOf(app, change)).toBe(refused);
    expect(await commitOf(app, change, () => requestedEvent(app))).toBe("committed");
  });

  test("cannot change its status when its event is missing, nor take another's correlation id", async () => {
    const superuser = await database.session("superuser");
    await superuser.query("set session_replication_role = replica"); // as if the guard had not been there
    await manualRun(superuser);
    expect(await commitOf(app, () => app.query("update sync_run set status = 'HELD'"))).toBe(refused);
    expect(
      await commitOf(
        app,
        () => app.query("update sync_run set status = 'HELD'"),
        () => requestedEvent(app),
      ),
    ).toBe("committed");
    expect(await commitOf(app, () => app.query("update sync_run set correlation_id = gen_random_uuid()"))).toBe(
      refused,
    );
  });

  test("that nobody asked for needs no event", async () => {
    expect(await commitOf(app, () => manualRun(app, scheduled))).toBe("committed");
    expect(await commitOf(app, () => app.query("update sync_run set status = 'HELD'"))).toBe("committed");
  });

  test("may be counted and checkpointed without looking for its event", async () => {
    const superuser = await database.session("superuser");
    await superuser.query("set session_replication_role = replica");
    await manualRun(superuser);
    expect(await commitOf(app, () => app.query("update sync_run set pages_done = 1"))).toBe("committed");
  });
});

test("the guard cannot be put off by the application's login", async () => {
  await app.query("begin");
  await app.query("set constraints all deferred");
  await manualRun(app);
  await expect(app.query("set constraints all immediate")).rejects.toMatchObject({ code: refused });
  await app.query("rollback");
  const { rows } = await owner.query(
    "select tgenabled, tgdeferrable, tginitdeferred from pg_trigger where tgname = 'manual_run_has_requested_event'",
  );
  expect(rows).toEqual([{ tgenabled: "O", tgdeferrable: true, tginitdeferred: true }]);
});
