import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ClientError } from "graphql-request";
import type { ProviderName } from "../../src/providers/provider.js";
import { quickRetries, TestApp, until } from "../support/app.js";
import { addEvent, addEvents, at } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries });
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

interface Resync {
  result: { status: string; correlationId: string; errorCode: string | null };
  run: { createdCount: number; updatedCount: number; cancelledCount: number; unchangedCount: number };
}

const counts = "createdCount updatedCount cancelledCount unchangedCount";

async function resync(id: string, bounds: object = {}): Promise<Resync> {
  const mutation = `mutation ($id: ID!, $startDate: DateTime, $endDate: DateTime) {
    resyncConnection(connectionId: $id, startDate: $startDate, endDate: $endDate) {
      result { status correlationId errorCode } run { ${counts} } } }`;
  return (await app.manager<{ resyncConnection: Resync }>(mutation, { id, ...bounds })).resyncConnection;
}

interface Single extends Resync {
  message: string;
  appointment: { id: string; title: string; status: string };
}

async function resyncOne(id: string): Promise<Single> {
  const mutation = `mutation ($id: ID!) { resyncAppointment(appointmentId: $id) {
    message result { status correlationId errorCode } run { ${counts} } appointment { id title status } } }`;
  return (await app.manager<{ resyncAppointment: Single }>(mutation, { id })).resyncAppointment;
}

async function appointmentOf(connectionId: string, title: string): Promise<string> {
  const [row] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1 and title = $2", [
    connectionId,
    title,
  ]);
  return String(row?.id);
}

async function cursorOf(connectionId: string): Promise<string | null | undefined> {
  const [row] = await app.sql<{ cursor: string | null }>("select cursor from calendar_connection where id = $1", [
    connectionId,
  ]);
  return row?.cursor;
}

async function rowVersions(connectionId: string): Promise<string[]> {
  const rows = await app.sql<{ version: string }>(
    "select id || ':' || xmin as version from appointment where connection_id = $1 order by id",
    [connectionId],
  );
  return rows.map(({ version }) => version);
}

async function expectEqual(connectionId: string): Promise<void> {
  const { stored, provided } = await storedAndProvided(app, connectionId);
  expect(stored).toEqual(provided);
  expect(new Set(stored).size).toBe(stored.length);
}

/** The extensions of the one error that a request is refused with. */
async function refusalOf(asked: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ClientError) return { ...error.response.errors?.[0]?.extensions };
    throw error;
  }
  throw new Error("it was not refused");
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("appointments of %s", (provider) => {
  const account = `${provider.toLowerCase()}@example.org`;
  let connection: string;
  let ids: string[];

  beforeAll(async () => {
    connection = await app.connect(account, "1", provider);
    const { control } = app.simulator;
    ids = addEvents(app.simulator, account, 20);
    control.createEvent(account, {
      title: "Weekly — Zürich",
      start: { dateTime: at(-20, 8).slice(0, 19), timeZone: "Europe/Zurich" },
      end: { dateTime: at(-20, 9).slice(0, 19), timeZone: "Europe/Zurich" },
      recurrence: ["RRULE:FREQ=WEEKLY"],
    });
    control.createEvent(account, {
      title: "Ferien",
      start: { date: at(3).slice(0, 10) },
      end: { date: at(5).slice(0, 10) },
    });
    await app.pull(connection);
  });

  test("equal the provider's after the first pull, and a second one writes nothing", async () => {
    await expectEqual(connection);
    const before = await rowVersions(connection);
    await app.pull(connection);
    expect((await resync(connection)).result.status).toBe("SUCCESS");
    expect(await rowVersions(connection)).toEqual(before);
  });

  test("equal the provider's after an incremental pull", async () => {
    const { control } = app.simulator;
    control.updateEvent(account, String(ids[0]), { title: "Renamed" });
    control.updateEvent(account, String(ids[1]), { start: { dateTime: at(9, 10) }, end: { dateTime: at(9, 12) } });
    control.deleteEvent(account, String(ids[2]));
    addEvent(app.simulator, account, "New", 4);
    await app.pull(connection);
    await expectEqual(connection);
  });

  test("equal the provider's after a bounded resync, which leaves the cursor and what lies elsewhere alone", async () => {
    const { control } = app.simulator;
    const cursor = await cursorOf(connection);
    control.deleteEvent(account, String(ids[3]));
    control.updateEvent(account, String(ids[4]), { start: { dateTime: at(40, 10) }, end: { dateTime: at(40, 12) } });

    const { result, run } = await resync(connection, { startDate: at(0, 0), endDate: at(3, 0) });

    expect(result.status).toBe("SUCCESS");
    expect(run).toMatchObject({ cancelledCount: 1, updatedCount: 1 }); // the moved one was asked for singly and kept
    expect(await cursorOf(connection)).toBe(cursor);
    await expectEqual(connection);
  });

  test("outside the window come with a bounded resync", async () => {
    addEvent(app.simulator, account, "Long ago", -400);
    const { result, run } = await resync(connection, { startDate: at(-401), endDate: at(-399) });
    expect(result.status).toBe("SUCCESS");
    expect(run.createdCount).toBeGreaterThan(0);
    expect(await appointmentOf(connection, "Long ago")).toMatch(/^\d+$/);
  });

  test("are resynced one by one: changed, unchanged, and cancelled when gone, which is a success", async () => {
    const { control } = app.simulator;
    const renamed = await appointmentOf(connection, "Renamed");
    control.updateEvent(account, String(ids[0]), { title: "Renamed again" });
    expect(await resyncOne(renamed)).toMatchObject({
      message: "Appointment resynced successfully",
      result: { status: "SUCCESS" },
      run: { updatedCount: 1 },
      appointment: { title: "Renamed again", status: "CONFIRMED" },
    });
    expect((await resyncOne(renamed)).run).toMatchObject({ unchangedCount: 1, updatedCount: 0 });
    control.deleteEvent(account, String(ids[0]));
    expect(await resyncOne(renamed)).toMatchObject({
      result: { status: "SUCCESS" },
      run: { cancelledCount: 1 },
      appointment: { status: "CANCELLED" },
    });
    await app.pull(connection);
    await expectEqual(connection);
  });

  test("whose calendar cannot be reached are left as they are: a failure, never a cancellation", async () => {
    const id = await appointmentOf(connection, "New");
    app.simulator.control.addFault({ match: { account }, times: null, then: { status: 503, body: "" } });
    const { result, appointment } = await resyncOne(id);
    expect(result.status).toBe("FAIL");
    expect(appointment.status).toBe("CONFIRMED");
  });

  test("equal the provider's after the cursor has expired", async () => {
    addEvent(app.simulator, account, "After all", 6);
    app.simulator.control.expireSyncTokens(account);
    await app.pull(connection);
    await expectEqual(connection);
  });
});

describe("what cannot be resynced is refused", () => {
  test("bounds that are none, naming the argument", async () => {
    const connection = await app.connect("bounds@example.org");
    for (const bounds of [
      { startDate: at(2), endDate: at(1) },
      { startDate: at(2), endDate: at(2) },
      { startDate: at(0), endDate: at(366 * 5 + 2) },
    ]) {
      expect(await refusalOf(resync(connection, bounds))).toMatchObject({
        code: "BAD_USER_INPUT",
        argument: "endDate",
      });
    }
  });

  test("other bounds beside an active resync, which the same bounds join", async () => {
    const account = "beside@example.org";
    const connection = await app.connect(account);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 1500 } });
    const bounds = { startDate: at(0), endDate: at(3) };
    const first = resync(connection, bounds);
    const second = resync(connection, bounds);
    const refusal = await refusalOf(resync(connection, { ...bounds, endDate: at(4) }).then(() => resync(connection)));
    const ids = [(await first).result.correlationId, (await second).result.correlationId];
    expect(ids[0]).toBe(ids[1]);
    expect(refusal).toMatchObject({ code: "CONFLICT", reason: "RESYNC_ACTIVE", correlationId: ids[0] });
  });

  test("an appointment without a connection, or without an event", async () => {
    const connection = await app.connect("local@example.org");
    const insert = `insert into appointment (firm_id, connection_id, title, starts_at, ends_at) values (1, $1, 'Ours', now(), now()) returning id`;
    const [unsynced] = await app.sql<{ id: string }>(insert, [null]);
    const [unsent] = await app.sql<{ id: string }>(insert, [connection]);
    expect(await refusalOf(resyncOne(String(unsynced?.id)))).toMatchObject({ reason: "NOT_SYNCED" });
    expect(await refusalOf(resyncOne(String(unsent?.id)))).toMatchObject({ reason: "NO_EXTERNAL_ID" });
    expect(await refusalOf(resyncOne("999999"))).toEqual({ code: "NOT_FOUND" });
  });
});

describe("on two processes", () => {
  let other: TestApp;
  beforeAll(async () => {
    other = await TestApp.start({ installation: app.installation, environment: { ROLES: "api" } });
  });
  afterAll(async () => {
    await other.stop();
  });

  test("100 replays of one attempt at once: exactly one runs, the others conflict, one is audited", async () => {
    const account = "hundred@example.org";
    const connection = await app.connect(account);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: 6, then: { status: 503 } });
    await app.pull(connection);
    const [attempt] = await app.sql<{ id: string; correlation_id: string }>(
      "select id, correlation_id from sync_attempt where connection_id = $1 and state = 'OPEN'",
      [connection],
    );
    const held = app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 9000 } });
    let answered = 0;
    const replay = "mutation ($id: ID!) { replayAttempt(attemptId: $id) { result { status } } }";
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? app : other)
          .manager<{ replayAttempt: { result: { status: string } } }>(replay, { id: attempt?.id })
          .then(
            ({ replayAttempt }) => replayAttempt.result.status,
            (error: unknown) => {
              answered += 1;
              if (answered === 99) app.simulator.control.clearFaults(held.id);
              return error instanceof ClientError ? error.response.errors?.[0]?.extensions["code"] : error;
            },
          ),
      ),
    );
    expect(answers.filter((answer) => answer === "SUCCESS")).toHaveLength(1);
    expect(answers.filter((answer) => answer === "CONFLICT")).toHaveLength(99);
    const events = await app.sql<{ event_type: string }>(
      "select event_type from audit_event where correlation_id = $1 and event_type like '%manual_replay%' order by id",
      [attempt?.correlation_id],
    );
    expect(events.map((event) => event.event_type)).toEqual([
      "calendar_sync_manual_replay_requested",
      "calendar_sync_manual_replay_success",
    ]);
  });

  test("100 resyncs of one connection at once are one run", async () => {
    const account = "hundred-resyncs@example.org";
    const connection = await app.connect(account);
    const held = app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 9000 } });
    const mutation =
      "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 25) { result { correlationId status } } }";
    const asked = Array.from({ length: 100 }, (_, index) =>
      (index % 2 ? app : other).manager<{ resyncConnection: Resync }>(mutation, { id: connection }),
    );
    const requests = `select from audit_event
      where resource_id = $1 and event_type = 'calendar_connection_resync_requested'`;
    await until(async () => (await app.sql(requests, [connection])).length === asked.length);
    app.simulator.control.clearFaults(held.id);
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ resyncConnection }) => resyncConnection.result.correlationId)).size).toBe(1);
    expect(answers.every(({ resyncConnection }) => resyncConnection.result.status === "SUCCESS")).toBe(true);
    expect(await app.sql("select from sync_run where connection_id = $1", [connection])).toHaveLength(1);
  });
});
