import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvent, addEvents, at } from "../support/calendar.js";
import { auditOf, refusalOf, seen } from "../support/manager.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

interface Resync {
  result: { status: string; correlationId: string; syncedCount: number | null; errorCode: string | null };
  run: Record<string, unknown>;
}

const mutation = `mutation ($id: ID!, $startDate: DateTime, $endDate: DateTime, $allowMassCancel: Boolean! = false, $waitSeconds: Int) {
  resyncConnection(connectionId: $id, startDate: $startDate, endDate: $endDate, allowMassCancel: $allowMassCancel, waitSeconds: $waitSeconds) {
    result { status correlationId syncedCount errorCode }
    run { id status operation startDate endDate createdCount updatedCount cancelledCount unchangedCount } } }`;

async function resync(id: string, more: object = {}): Promise<Resync> {
  return (await app.manager<{ resyncConnection: Resync }>(mutation, { id, ...more })).resyncConnection;
}

/** What only incremental and full pulls change. */
async function cursorOf(connection: string): Promise<unknown> {
  const [row] = await app.sql(
    `select cursor, cursor_fingerprint, window_start, window_end, last_sync_at
     from calendar_connection c join connection_statistics s on s.connection_id = c.id where c.id = $1`,
    [connection],
  );
  return row;
}

async function appointments(connection: string): Promise<string[]> {
  const rows = await app.sql<{ line: string }>(
    `select concat_ws(' ', title, status, status_reason) as line from appointment where connection_id = $1 order by title`,
    [connection],
  );
  return rows.map(({ line }) => line);
}

function move(account: string, id: string, day: number): void {
  app.simulator.control.updateEvent(account, id, { start: { dateTime: at(day, 9) }, end: { dateTime: at(day, 10) } });
}

describe("a resync between two instants", () => {
  test("reads any five years, also outside the window, and leaves cursor, window and last sync as they are", async () => {
    const account = "far@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "Near");
    await app.pull(connection);
    addEvent(app.simulator, account, "Far", 1000);
    const before = await cursorOf(connection);
    const startDate = at(900);
    const endDate = new Date(startDate);
    endDate.setUTCFullYear(endDate.getUTCFullYear() + 5);

    const { result, run } = await resync(connection, { startDate, endDate });

    expect(result).toMatchObject({ status: "SUCCESS", syncedCount: 1 });
    expect(run).toMatchObject({ operation: "RESYNC", createdCount: 1, cancelledCount: 0 });
    expect([Date.parse(String(run["startDate"])), Date.parse(String(run["endDate"]))]).toEqual([
      Date.parse(startDate),
      endDate.getTime(),
    ]);
    expect(await appointments(connection)).toEqual(["Far CONFIRMED", "Near CONFIRMED"]);
    expect(await cursorOf(connection)).toEqual(before);
    expect(await auditOf(app, result.correlationId)).toEqual(["calendar_connection_resync_requested info"]);
  });

  test("asks singly for what it misses: what is gone is cancelled, what has moved elsewhere is kept", async () => {
    const account = "moved@example.com";
    const connection = await app.connect(account);
    const gone = addEvent(app.simulator, account, "Gone", 2);
    const moved = addEvent(app.simulator, account, "Moved", 2);
    addEvent(app.simulator, account, "Outside", 20);
    addEvent(app.simulator, account, "Stays", 3);
    await app.pull(connection);
    app.simulator.control.deleteEvent(account, gone);
    move(account, moved, 30);
    app.simulator.control.clearRequests();

    const { result, run } = await resync(connection, { startDate: at(1), endDate: at(5) });

    expect(result).toMatchObject({ status: "SUCCESS" });
    expect(run).toMatchObject({ createdCount: 0, updatedCount: 1, cancelledCount: 1, unchangedCount: 1 });
    expect(await appointments(connection)).toEqual([
      "Gone CANCELLED REMOVED_AT_PROVIDER",
      "Moved CONFIRMED",
      "Outside CONFIRMED",
      "Stays CONFIRMED",
    ]);
    const [row] = await app.sql<{ starts_at: Date }>(
      "select starts_at from appointment where connection_id = $1 and title = 'Moved'",
      [connection],
    );
    expect(row?.starts_at.toISOString()).toBe(at(30, 9));
    const asked = app.simulator.control.requests({ account }).map(({ url }) => new URL(url, "http://x").pathname);
    expect(asked.filter((path) => path.endsWith(gone) || path.endsWith(moved))).toHaveLength(2);
    expect(await auditOf(app, result.correlationId)).toEqual([
      "calendar_connection_resync_requested info",
      "appointment_time_changed_by_sync info",
      "appointment_cancelled_by_sync info",
    ]);
  });

  test("ends soon when it is cancelled while it asks for many missing events", async () => {
    const account = "many-gone@example.com";
    const connection = await app.connect(account);
    const events = addEvents(app.simulator, account, 300);
    await app.pull(connection);
    const gone = events.slice(0, 50);
    for (const id of gone) app.simulator.control.deleteEvent(account, id);
    app.simulator.control.clearRequests();
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events/" },
      times: null,
      then: { delayMs: 50 },
    });
    const asked = () =>
      app.simulator.control.requests({ account }).filter(({ url }) => url.includes("/events/")).length;
    const { result } = await resync(connection, { startDate: at(0), endDate: at(30), waitSeconds: 0 });
    await until(() => Promise.resolve(asked() > 0));

    const { cancelSyncRun } = await app.manager<{ cancelSyncRun: { run: { status: string; cancelledCount: number } } }>(
      "mutation ($id: ID!) { cancelSyncRun(correlationId: $id) { run { status cancelledCount } } }",
      { id: result.correlationId },
    );

    expect(cancelSyncRun.run).toEqual({ status: "CANCELLED", cancelledCount: 0 });
    expect(asked()).toBeLessThan(gone.length);
  });

  test("refuses to cancel most of what it covers, until a manager allows it", async () => {
    const account = "cleared@example.com";
    const connection = await app.connect(account);
    const ids = addEvents(app.simulator, account, 20);
    await app.pull(connection);
    for (const id of ids.slice(0, 15)) app.simulator.control.deleteEvent(account, id);
    const bounds = { startDate: at(0), endDate: at(10) };
    expect((await resync(connection, bounds)).result).toMatchObject({ status: "FAIL", errorCode: "MASS_CANCEL" });
    expect((await resync(connection, { ...bounds, allowMassCancel: true })).run).toMatchObject({ cancelledCount: 15 });
  });

  test("with one bound alone goes to the edge of the window", async () => {
    const account = "edge@example.com";
    const connection = await app.connect(account);
    expect(await refusalOf(resync(connection, { startDate: at(0) }))).toEqual({
      code: "BAD_USER_INPUT",
      argument: "endDate",
    });
    expect(await refusalOf(resync(connection, { endDate: at(0) }))).toEqual({
      code: "BAD_USER_INPUT",
      argument: "startDate",
    });
    addEvents(app.simulator, account, 2);
    await app.pull(connection);
    const [edges] = await app.sql<{ start: Date; end: Date }>(
      `select window_start as start, window_end as "end" from calendar_connection where id = $1`,
      [connection],
    );
    const instant = (value: unknown): number => Date.parse(String(value));
    const after = (await resync(connection, { startDate: at(1) })).run;
    expect([instant(after["startDate"]), instant(after["endDate"])]).toEqual([Date.parse(at(1)), edges?.end.getTime()]);
    const before = (await resync(connection, { endDate: at(1) })).run;
    expect([instant(before["startDate"]), instant(before["endDate"])]).toEqual([
      edges?.start.getTime(),
      Date.parse(at(1)),
    ]);
  });

  test.each([
    ["backwards", { startDate: at(2), endDate: at(1) }, "endDate"],
    ["of no length", { startDate: at(1), endDate: at(1) }, "endDate"],
    ["of more than five years", { startDate: "2024-01-01T00:00:00Z", endDate: "2029-01-01T00:00:00.001Z" }, "endDate"],
    [
      "beyond what a calendar holds",
      { startDate: "0000-01-01T00:00:00Z", endDate: "0001-01-01T00:00:00Z" },
      "startDate",
    ],
  ])("refuses bounds %s, naming the argument", async (_what, bounds, argument) => {
    const connection = await app.connect(`bad-${Math.random()}@example.com`);
    expect(await refusalOf(resync(connection, bounds))).toEqual({ code: "BAD_USER_INPUT", argument });
    expect(await app.sql("select from sync_run where connection_id = $1", [connection])).toEqual([]);
  });

  test("joins an active one with the same bounds; other bounds, or none, conflict and name it", async () => {
    const account = "joined@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "One");
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 2000 } });
    const bounds = { startDate: at(0), endDate: at(10) };
    const first = await resync(connection, { ...bounds, waitSeconds: 0 });
    const { correlationId } = first.result;

    const conflict = { code: "CONFLICT", reason: "RESYNC_ACTIVE", correlationId };
    expect(await refusalOf(resync(connection, { ...bounds, endDate: at(11) }))).toEqual(conflict);
    expect(await refusalOf(resync(connection))).toEqual(conflict);
    const second = await resync(connection, bounds);

    expect(second.result).toMatchObject({ status: "SUCCESS", correlationId });
    const joined = await app.sql<{ joined: boolean }>(
      "select (metadata -> 'joined')::boolean as joined from audit_event where correlation_id = $1 order by id",
      [correlationId],
    );
    expect(joined).toEqual([{ joined: false }, { joined: true }]);
  });
});

describe("a bounded resync that succeeds", () => {
  const single = "mutation ($id: ID!) { resyncAppointment(appointmentId: $id) { result { status } } }";

  test("settles failed resyncs within its bounds, of appointments too, and no other", async () => {
    const account = "covering@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "Inside", 2);
    addEvent(app.simulator, account, "Outside", 20);
    await app.pull(connection);
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      times: 5,
      then: { status: 403, body: {} },
    });
    const rows = await app.sql<{ id: string }>("select id from appointment where connection_id = $1 order by title", [
      connection,
    ]);
    for (const { id } of rows) await app.manager(single, { id });
    await resync(connection, { startDate: at(1), endDate: at(4) });
    await resync(connection, { startDate: at(1), endDate: at(8) });
    // The wider one has failed too: its failure stands for the narrower one's, and for that of the appointment inside.
    expect((await seen(app, connection)).failedAttempts.totalCount).toBe(2);
    await app.manager(single, { id: rows[0]?.id });
    expect((await seen(app, connection)).failedAttempts.totalCount).toBe(3);

    const { result } = await resync(connection, { startDate: at(1), endDate: at(5) });

    expect(result.status).toBe("SUCCESS");
    const left = await app.sql<{ operation: string; title: string | null }>(
      `select r.operation, p.title from sync_run r left join appointment p on p.id = r.appointment_id
       where r.connection_id = $1 and r.open_failure_id is not null order by r.id`,
      [connection],
    );
    expect(left).toEqual([
      { operation: "UPSERT", title: "Outside" },
      { operation: "RESYNC", title: null },
    ]);
    await resync(connection);
    expect((await seen(app, connection)).syncStatus).toMatchObject({
      health: "HEALTHY",
      statistics: { openFailures: 0 },
    });
  });

  test("does not settle an incremental pull that failed", async () => {
    const account = "partial@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "One");
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { status: 403, body: {} } });
    await app.pull(connection);
    await resync(connection, { startDate: at(0), endDate: at(10) });
    const view = await seen(app, connection);
    expect(view.syncRuns.nodes.map(({ status }) => status)).toEqual(["SUCCEEDED", "FAILED"]);
    await until(async () => (await seen(app, connection)).syncStatus.health === "DELAYED");
  });
});
