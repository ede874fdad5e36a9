import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { quickRetries, TestApp } from "../support/app.js";
import { addEvent, addEvents, at } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries });
});

afterEach(() => {
  app.simulator.control.clearFaults();
  app.simulator.control.setScenario({});
});

afterAll(async () => {
  await app.stop();
});

interface Run {
  status: string;
  createdCount: number;
  updatedCount: number;
  cancelledCount: number;
  unchangedCount: number;
  skippedCount: number;
  pagesDone: number;
  attempts: { status: string; errorCode: string | null; retryCount: number }[];
}

/** The newest run of a connection, as a manager sees it. */
async function newestRun(connectionId: string): Promise<Run> {
  const answer = await app.manager<{ syncRuns: { nodes: Run[] } }>(
    `query ($connectionId: ID!) { syncRuns(connectionId: $connectionId, first: 1) { nodes {
       status createdCount updatedCount cancelledCount unchangedCount skippedCount pagesDone attempts { status errorCode retryCount }
     } } }`,
    { connectionId },
  );
  const [run] = answer.syncRuns.nodes;
  if (!run) throw new Error("there is no run");
  return run;
}

async function cursorOf(connectionId: string): Promise<string | null> {
  const answer = await app.manager<{ syncStatus: { lastSyncCursor: string | null } }>(
    "query ($id: ID!) { syncStatus(connectionId: $id) { lastSyncCursor } }",
    { id: connectionId },
  );
  return answer.syncStatus.lastSyncCursor;
}

/** Tells apart whether any appointment row was written between two calls. */
async function rowVersions(connectionId: string): Promise<string[]> {
  const rows = await app.sql<{ version: string }>(
    "select id || ':' || xmin as version from appointment where connection_id = $1 order by id",
    [connectionId],
  );
  return rows.map(({ version }) => version);
}

async function expectEqualToProvider(connectionId: string): Promise<void> {
  const { stored, provided } = await storedAndProvided(app, connectionId);
  expect(stored).toEqual(provided);
}

describe("the first pull", () => {
  test("stores every occurrence of the window, all-day, recurring and zoned ones too", async () => {
    const account = "first@example.com";
    const connection = await app.connect(account);
    const { control } = app.simulator;
    addEvents(app.simulator, account, 5);
    control.createEvent(account, {
      title: "Ferien",
      start: { date: at(3).slice(0, 10) },
      end: { date: at(5).slice(0, 10) },
    });
    control.createEvent(account, {
      title: "Weekly — Zürich",
      start: { dateTime: at(-20, 8).slice(0, 19), timeZone: "Europe/Zurich" },
      end: { dateTime: at(-20, 9).slice(0, 19), timeZone: "Europe/Zurich" },
      recurrence: ["RRULE:FREQ=WEEKLY"],
    });
    addEvent(app.simulator, account, "Too far ahead", 800);

    await app.pull(connection);

    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
    expect(stored.length).toBeGreaterThan(55);
    expect(stored.some((line) => line.includes("Too far ahead"))).toBe(false);
    expect(await newestRun(connection)).toMatchObject({
      status: "SUCCEEDED",
      createdCount: stored.length,
      updatedCount: 0,
    });
  });

  test("of an empty calendar succeeds with nothing", async () => {
    const connection = await app.connect("empty@example.com");
    await app.pull(connection);
    expect(await newestRun(connection)).toMatchObject({ status: "SUCCEEDED", createdCount: 0, pagesDone: 1 });
    expect(await cursorOf(connection)).not.toBeNull();
  });

  test.each(["short", "empty"] as const)("reads every page when pages are %s", async (pages) => {
    const account = `pages-${pages}@example.com`;
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3000);
    app.simulator.control.setScenario({ pages, hasDuplicates: true });

    await app.pull(connection);

    await expectEqualToProvider(connection);
    const run = await newestRun(connection);
    expect(run.createdCount).toBe(3000);
    expect(run.pagesDone).toBeGreaterThan(2);
  });
});

describe("a later pull", () => {
  const account = "later@example.com";
  let connection: string;
  let ids: string[];

  beforeAll(async () => {
    connection = await app.connect(account);
    ids = addEvents(app.simulator, account, 20);
    await app.pull(connection);
  });

  test("writes no appointment row when nothing has changed", async () => {
    const before = await rowVersions(connection);
    await app.pull(connection);
    expect(await rowVersions(connection)).toEqual(before);
    expect(await newestRun(connection)).toMatchObject({ status: "SUCCEEDED", createdCount: 0, updatedCount: 0 });
  });

  test("asks only for what has changed since the cursor", async () => {
    const since = app.simulator.control.requests({ account }).at(-1)?.seq ?? 0;
    await app.pull(connection);
    const [request, ...more] = app.simulator.control.requests({ account, since });
    expect(more).toEqual([]);
    expect(request?.url).toContain("syncToken=");
  });

  test("brings a new, a changed, a moved and a deleted event, and audits moves and cancellations", async () => {
    const { control } = app.simulator;
    const [changed = "", moved = "", deleted = ""] = ids;
    control.updateEvent(account, changed, { title: "Renamed" });
    control.updateEvent(account, moved, { start: { dateTime: at(9, 10) }, end: { dateTime: at(9, 12) } });
    control.deleteEvent(account, deleted);
    addEvent(app.simulator, account, "New", 4);

    await app.pull(connection);

    await expectEqualToProvider(connection);
    expect(await newestRun(connection)).toMatchObject({ createdCount: 1, updatedCount: 2, cancelledCount: 1 });
    const { auditEvents } = await app.manager<{ auditEvents: { nodes: { eventType: string; metadata: object }[] } }>(
      '{ auditEvents(first: 2, resourceType: "appointment") { nodes { eventType metadata } } }',
    );
    expect(auditEvents.nodes).toEqual([
      { eventType: "appointment_cancelled_by_sync", metadata: { reason: "removed_at_provider" } },
      {
        eventType: "appointment_time_changed_by_sync",
        metadata: expect.objectContaining({ new_starts_at: at(9, 10), new_ends_at: at(9, 12) }),
      },
    ]);
  });

  test("keeps known events up to date wherever they are moved to", async () => {
    const [, , , far = ""] = ids;
    app.simulator.control.updateEvent(account, far, { start: { dateTime: at(700) }, end: { dateTime: at(700, 10) } });
    await app.pull(connection);
    const [row] = await app.sql<{ starts_at: Date }>("select starts_at from appointment where external_event_id = $1", [
      far,
    ]);
    expect(row?.starts_at.toISOString()).toBe(at(700));
  });

  test("cancels every occurrence of a deleted series, however the provider tells of it", async () => {
    for (const deletedSeries of ["instances", "series"] as const) {
      app.simulator.control.setScenario({ deletedSeries });
      const series = app.simulator.control.createEvent(account, {
        title: "Daily",
        start: { dateTime: at(1, 7).slice(0, 19), timeZone: "America/New_York" },
        end: { dateTime: at(1, 8).slice(0, 19), timeZone: "America/New_York" },
        recurrence: ["RRULE:FREQ=DAILY;COUNT=10"],
      });
      await app.pull(connection);
      expect((await newestRun(connection)).createdCount).toBe(10);
      app.simulator.control.deleteEvent(account, series.id);
      await app.pull(connection);
      expect((await newestRun(connection)).cancelledCount).toBe(10);
      await expectEqualToProvider(connection);
    }
  });
});

describe("when the provider has forgotten the cursor", () => {
  test("a full round within the same attempt replaces it, and what was deleted meanwhile is swept", async () => {
    const account = "expired@example.com";
    const connection = await app.connect(account);
    const ids = addEvents(app.simulator, account, 30);
    await app.pull(connection);
    app.simulator.control.deleteEvent(account, String(ids[4]));
    addEvent(app.simulator, account, "New", 2);
    app.simulator.control.expireSyncTokens(account);

    await app.pull(connection);

    expect(await newestRun(connection)).toMatchObject({
      status: "SUCCEEDED",
      createdCount: 1,
      cancelledCount: 1,
      unchangedCount: 29,
      attempts: [{ status: "SUCCESS", errorCode: null, retryCount: 0 }],
    });
    await expectEqualToProvider(connection);
    await app.pull(connection);
    expect(await newestRun(connection)).toMatchObject({ createdCount: 0, unchangedCount: 0 });
  });

  test("a cursor that was made with other request parameters is not used", async () => {
    const account = "fingerprint@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3);
    await app.pull(connection);
    await app.sql("update calendar_connection set cursor_fingerprint = 'older' where id = $1", [connection]);
    const since = app.simulator.control.requests({ account }).at(-1)?.seq ?? 0;
    await app.pull(connection);
    expect(app.simulator.control.requests({ account, since })[0]?.url).not.toContain("syncToken=");
    expect(await newestRun(connection)).toMatchObject({ status: "SUCCEEDED", unchangedCount: 3 });
  });
});

describe("an answer that cannot be trusted", () => {
  test.each([
    ["a truncated page", { truncate: true }, "after"],
    ["an empty 200", { status: 200, body: "" }, "before"],
    [
      "HTML with 200",
      { status: 200, body: "<html>sign in</html>", headers: { "content-type": "text/html" } },
      "before",
    ],
    ["a list without items and tokens", { status: 200, body: {} }, "before"],
  ] as const)("%s is an error, not an empty calendar: cursor and appointments stay", async (name, then, when) => {
    const account = `${name.replaceAll(/[^a-z]/gi, "")}@example.com`;
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 15);
    await app.pull(connection);
    const cursor = await cursorOf(connection);
    const before = await rowVersions(connection);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: null, when, then });

    await app.pull(connection);

    const run = await newestRun(connection);
    expect(run.attempts[0]).toMatchObject({ status: "FAIL", errorCode: "MALFORMED_ANSWER" });
    expect(await cursorOf(connection)).toBe(cursor);
    expect(await rowVersions(connection)).toEqual(before);
  });
});
