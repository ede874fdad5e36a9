import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { movedWindow } from "../../src/sync/pull-window.js";
import { plantedFaults } from "../faults/planted-faults.js";
import { violations } from "../faults/lost-workers.js";
import { quickRetries, TestApp } from "../support/app.js";
import { addEvent, at } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess } from "../support/server-process.js";
import { storedAndProvided } from "../support/stored.js";

const pastDays = 30;
const roles = { ROLES: "worker,scheduler" };

/** Only answers; it holds database and calendars. */
let api: TestApp;

beforeAll(async () => {
  api = await TestApp.start({ environment: { ROLES: "api", ...quickRetries } });
});

afterEach(() => {
  api.simulator.control.clearFaults();
});

afterAll(async () => {
  expect(await violations(api)).toEqual([]);
  await api.stop();
});

/** Pulls with a window that reaches so many days ahead: as time passes, an old window's far edge comes nearer in the same way. */
async function pull(connection: string, futureDays: number): Promise<string> {
  const environment = { ...roles, SYNC_WINDOW_FUTURE_DAYS: String(futureDays) };
  const worker = await TestApp.start({ installation: api.installation, environment });
  try {
    return await api.pull(connection);
  } finally {
    await worker.stop();
  }
}

interface Stored {
  window_days: number;
  cursor: string;
}

async function stored(connection: string): Promise<Stored> {
  const [row] = await api.sql<Stored>(
    `select round(extract(epoch from window_end - now()) / 86400)::int as window_days, cursor
     from calendar_connection where id = $1`,
    [connection],
  );
  if (!row) throw new Error(`there is no connection ${connection}`);
  return row;
}

async function expectEqual(connection: string): Promise<void> {
  const { stored: held, provided } = await storedAndProvided(api, connection);
  expect(held).toEqual(provided);
  expect(held.length).toBeGreaterThan(0);
}

async function statusesOf(connection: string): Promise<Record<string, string>> {
  const rows = await api.sql<{ title: string; status: string }>(
    "select title, status from appointment where connection_id = $1",
    [connection],
  );
  return Object.fromEntries(rows.map(({ title, status }) => [title, status]));
}

/** What the provider was asked for as lists of the calendar: whether by a window, whether by a cursor. */
function listsAsked(account: string): string[] {
  return api.simulator.control
    .requests({ account })
    .filter(({ url }) => /\/events\?|calendarView/.test(url))
    .map(({ url }) => (/[?&](syncToken|(\$|%24)deltatoken)=/i.test(url) ? "changes" : "window"));
}

function addSeries(account: string): string {
  const { id } = api.simulator.control.createEvent(account, {
    title: "Weekly",
    start: { dateTime: at(3, 10), timeZone: "Europe/Berlin" },
    end: { dateTime: at(3, 11), timeZone: "Europe/Berlin" },
    recurrence: ["RRULE:FREQ=WEEKLY"],
  });
  return id;
}

const providers: ProviderName[] = ["GOOGLE", "MICROSOFT"];

describe.each(providers)("the window of a %s calendar", (provider) => {
  const account = (name: string): string => `${name}@${provider.toLowerCase()}.test`;

  test("moves when its far edge has come too near: what it now reaches is there, also what nobody has touched", async () => {
    const person = account("moves");
    const connection = await api.connect(person, "1", provider);
    addSeries(person);
    const { control } = api.simulator;
    for (const [title, day] of [
      ["near", 20],
      ["far", 100],
      ["farther", 190],
    ] as const)
      addEvent(api.simulator, person, title, day);
    const beyond = addEvent(api.simulator, person, "leaves", 10);
    const stays = addEvent(api.simulator, person, "leaves and stays", 11);
    await pull(connection, 60);
    await expectEqual(connection);
    for (const [id, day] of [
      [beyond, 90],
      [stays, 91],
    ] as const)
      control.updateEvent(person, id, { start: { dateTime: at(day, 9) }, end: { dateTime: at(day, 10) } });
    await pull(connection, 60);
    control.deleteEvent(person, beyond);
    await pull(connection, 60);
    const before = await stored(connection);
    expect(before.window_days).toBe(60);

    addEvent(api.simulator, person, "new", 50);
    control.clearRequests();
    await pull(connection, 180);

    const after = await stored(connection);
    expect(after.window_days).toBe(180);
    expect(after.cursor).not.toBe(before.cursor);
    await expectEqual(connection);
    expect(await statusesOf(connection)).toMatchObject({
      ...{ near: "CONFIRMED", far: "CONFIRMED", new: "CONFIRMED" },
      ...{ leaves: "CANCELLED", "leaves and stays": "CONFIRMED" },
    });
    expect(await statusesOf(connection)).not.toHaveProperty("farther");
    // Google's cursor is of no window and stays; Graph's is of the old one.
    expect(listsAsked(person)[0]).toBe("window");
    expect(listsAsked(person).includes("changes")).toBe(provider === "GOOGLE");

    control.clearRequests();
    await pull(connection, 180);
    expect(listsAsked(person)).toEqual(["changes"]);
  });

  test("stays while its far edge is less than 30 days nearer", async () => {
    const person = account("stays");
    const connection = await api.connect(person, "1", provider);
    addEvent(api.simulator, person, "event");
    await pull(connection, 151);
    await pull(connection, 180);
    expect((await stored(connection)).window_days).toBe(151);
  });

  test("moves all the same when the attempt that began it fails, and never half", async () => {
    const person = account("fails");
    const connection = await api.connect(person, "1", provider);
    addSeries(person);
    await pull(connection, 60);
    addEvent(api.simulator, person, "far", 100);
    for (const [futureDays, urlRegex] of [
      [130, "[?&]timeMin=|startDateTime"],
      [200, "[?&]syncToken=|startDateTime"],
    ] as const) {
      api.simulator.control.addFault({
        match: { account: person, pathRegex: urlRegex },
        times: 1,
        then: { status: 503 },
      });
      await pull(connection, futureDays);
      expect((await stored(connection)).window_days).toBe(futureDays);
      await expectEqual(connection);
    }
  });
});

describe("a change of a series far into the future", () => {
  async function occurrencesBeyondWindow(
    person: string,
    planted?: typeof plantedFaults.windowIsIgnored,
  ): Promise<number> {
    const connection = await api.connect(person);
    const series = addSeries(person);
    await pull(connection, 60);
    api.simulator.control.updateEvent(person, series, { title: "Renamed" });
    const worker = await ServerProcess.start(api, {
      roles: "worker,scheduler",
      planted,
    });
    await api.pull(connection);
    await worker.stop();
    const beyond = await api.sql(
      "select from appointment a join calendar_connection c on c.id = connection_id where c.id = $1 and starts_at >= window_end",
      [connection],
    );
    return beyond.length;
  }

  test("makes no appointment beyond the window, though Google tells its occurrences for decades", async () => {
    expect(await occurrencesBeyondWindow("decades@google.test")).toBe(0);
  });

  if (isLong)
    test("would, if the window were ignored", async () => {
      expect(await occurrencesBeyondWindow("ignored@google.test", plantedFaults.windowIsIgnored)).toBeGreaterThan(100);
    });
});

describe("when a window moves", () => {
  const now = new Date("2026-06-01T00:00:00Z");
  const days = (count: number): Date => new Date(now.getTime() + count * 24 * 60 * 60 * 1000);
  const end = (futureDays: number, daysAhead: number): Date | undefined =>
    movedWindow({ start: days(-60), end: days(daysAhead) }, now, { pastDays, futureDays })?.end;

  test("is when its far edge is less than 30 days short of what it should be, or half of a short one", () => {
    expect(end(365, 335)).toBeUndefined();
    expect(end(365, 334.99)).toEqual(days(365));
    expect(end(365, -400)).toEqual(days(365));
    expect(end(10, 5)).toBeUndefined();
    expect(end(10, 4.99)).toEqual(days(10));
  });

  test("it begins so many days ago as it should", () => {
    expect(movedWindow({ start: days(-90), end: days(1) }, now, { pastDays, futureDays: 365 })?.start).toEqual(
      days(-30),
    );
  });
});
