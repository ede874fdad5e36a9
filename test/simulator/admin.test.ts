import { describe, expect, test } from "@jest/globals";
import { demoCalendars } from "../../src/simulator/demo-calendars.js";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, clientOf, givenAnn, givenSimulator } from "./given.js";
import { refusalOf } from "./google-client.js";

async function admin(
  simulator: Simulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${simulator.url}/__sim/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const event = {
  title: "Meeting",
  start: { dateTime: "2026-11-23T09:00:00" },
  end: { dateTime: "2026-11-23T10:00:00" },
};

function occurrences(simulator: Simulator, from = "2026-01-01T00:00:00Z", to = "2027-12-31T00:00:00Z") {
  return admin(simulator, "GET", `occurrences?account=${ann}&from=${from}&to=${to}`);
}

describe("the admin routes", () => {
  test("create, change and cancel events and single instances as the user does", async () => {
    const { simulator } = await givenAnn();
    const edit = async (body: object) =>
      (await admin(simulator, "POST", "events", { account: ann, ...body })).body as { id: string };
    const { id } = await edit({ action: "create", event: { ...event, recurrence: ["RRULE:FREQ=DAILY;COUNT=4"] } });
    await edit({ action: "update", id, event: { title: "Daily" } });
    await edit({
      action: "update",
      id: `${id}_20261124T080000Z`,
      event: { start: { dateTime: "2026-11-24T15:00:00" }, title: "Late" },
    });
    await edit({ action: "cancel", id: `${id}_20261125T080000Z` });
    await edit({ action: "delete", id: `${id}_20261126T080000Z` });
    expect((await occurrences(simulator)).body).toEqual([
      {
        id: `${id}_20261123T080000Z`,
        title: "Daily",
        startsAt: "2026-11-23T08:00:00.000Z",
        endsAt: "2026-11-23T09:00:00.000Z",
        isAllDay: false,
        status: "confirmed",
      },
      {
        id: `${id}_20261124T080000Z`,
        title: "Late",
        startsAt: "2026-11-24T14:00:00.000Z",
        endsAt: "2026-11-24T15:00:00.000Z",
        isAllDay: false,
        status: "confirmed",
      },
    ]);
    const stored = (await admin(simulator, "GET", `events?account=${ann}`)).body;
    expect(stored).toMatchObject([
      { kind: "series", title: "Daily" },
      { kind: "exception", title: "Late" },
      { status: "cancelled" },
      { status: "cancelled" },
    ]);
  });

  test("make and end accounts, calendars, tokens, faults, limits and behaviours", async () => {
    const { simulator } = await givenAnn();
    expect(
      (await admin(simulator, "POST", "accounts", { email: "bob@example.com", timeZone: "Asia/Tokyo" })).status,
    ).toBe(200);
    await admin(simulator, "POST", "calendars", { account: "bob@example.com", id: "team", name: "Team" });
    const { body } = await admin(simulator, "POST", "tokens", {
      kind: "access",
      account: "bob@example.com",
      lifeSeconds: 60,
    });
    const read = async () =>
      (
        await fetch(`${simulator.url}/calendar/v3/calendars/team/events`, {
          headers: { authorization: `Bearer ${(body as { token: string }).token}` },
        })
      ).status;
    expect(await read()).toBe(200);
    await admin(simulator, "POST", "faults", {
      match: { account: "bob@example.com" },
      times: null,
      then: { status: 500 },
    });
    expect(await read()).toBe(500);
    await admin(simulator, "DELETE", "faults");
    await admin(simulator, "POST", "throttle", { requests: 0, perSeconds: 1 });
    expect(await read()).toBe(429);
    await admin(simulator, "DELETE", "throttle");
    await admin(simulator, "DELETE", "calendars?account=bob@example.com&calendar=team");
    expect(await read()).toBe(404);
    await admin(simulator, "POST", "tokens/expire", { kind: "access", account: "bob@example.com" });
    expect(await read()).toBe(401);
    expect((await admin(simulator, "POST", "scenario", { pages: "empty" })).body).toMatchObject({
      pages: "empty",
      hasDuplicates: false,
    });
    expect((await admin(simulator, "GET", "requests?account=bob@example.com")).body).toHaveLength(5);
    await admin(simulator, "DELETE", "requests");
    expect((await admin(simulator, "GET", "requests")).body).toEqual([]);
  });

  test("leave an event as it was when a change of it cannot be made", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, event);
    const { syncToken } = await client.list();
    const changes = { title: "Never", recurrence: ["RRULE:FREQ=SECONDLY"] };
    expect(
      (await admin(simulator, "POST", "events", { action: "update", account: ann, id, event: changes })).status,
    ).toBe(400);
    expect((await client.list({ syncToken: syncToken ?? "" })).items).toEqual([]);
    expect((await occurrences(simulator, "2026-11-23", "2026-11-24")).body).toMatchObject([{ id, title: "Meeting" }]);
  });

  test("expire sync tokens, revoke accounts, and put the clock forward", async () => {
    const { simulator, client } = await givenAnn();
    const { syncToken } = await client.list();
    await admin(simulator, "POST", "tokens/expire", { account: ann });
    expect((await refusalOf(client.list({ syncToken: syncToken ?? "" }))).status).toBe(410);
    await admin(simulator, "POST", "revoke", { account: ann });
    expect((await refusalOf(client.list())).status).toBe(401);
    await admin(simulator, "POST", "revoke", { account: ann, isRevoked: false });
    await client.list();
    expect((await admin(simulator, "POST", "clock/advance", { ms: 3_600_000 })).body).toEqual({
      now: "2026-11-20T13:00:00.000Z",
    });
    expect((await refusalOf(client.list())).status).toBe(401);
  });

  test("reset puts everything back to what the simulator was started with", async () => {
    const calendar = {
      account: ann,
      id: ann,
      name: "Ann",
      timeZone: "Europe/Zurich",
      events: [{ ...event, id: "first" }],
    };
    const simulator = await givenSimulator({ googleCalendars: [calendar] });
    simulator.control.cancelEvent(ann, "first");
    simulator.control.advanceClock(1000);
    simulator.control.addFault({ times: null, then: { status: 500 } });
    simulator.control.addAccount("bob@example.com");
    const { syncToken } = await clientOf(simulator, "bob@example.com")
      .list()
      .catch(() => ({ syncToken: null }));
    expect(syncToken).toBeNull();
    await admin(simulator, "POST", "reset");
    expect((await occurrences(simulator)).body).toMatchObject([{ id: "first" }]);
    expect((await admin(simulator, "GET", "state")).body).toMatchObject({
      now: "2026-11-20T12:00:00.000Z",
      faults: [],
      accounts: [{ email: ann }],
    });
    expect((await admin(simulator, "GET", "requests")).body).toEqual([]);
  });

  test("a sync token from before a reset is too old", async () => {
    const calendar = {
      account: ann,
      id: ann,
      name: "Ann",
      timeZone: "Europe/Zurich",
      events: [{ ...event, id: "first" }],
    };
    const simulator = await givenSimulator({ googleCalendars: [calendar] });
    const { syncToken } = await clientOf(simulator, ann).list();
    simulator.control.reset();
    expect((await refusalOf(clientOf(simulator, ann).list({ syncToken: syncToken ?? "" }))).status).toBe(410);
  });

  test.each([
    ["POST", "events", { action: "create", account: ann }, /event/],
    ["POST", "events", { action: "create", account: ann, event: { ...event, titel: "x" } }, /titel/],
    ["POST", "events", { action: "create", account: ann, event: { ...event, id: "UPPER" } }, /a-v/],
    [
      "POST",
      "events",
      { action: "create", account: ann, event: { ...event, end: { dateTime: "2026-11-23T08:00:00" } } },
      /end is not after/,
    ],
    ["POST", "events", { action: "create", account: ann, event: { ...event, end: { date: "2026-11-24" } } }, /both/],
    [
      "POST",
      "events",
      {
        action: "create",
        account: ann,
        event: { ...event, start: { dateTime: "2026-11-23T08:00:00", timeZone: "Mars/Olympus" } },
      },
      /Mars/,
    ],
    [
      "POST",
      "events",
      { action: "create", account: ann, event: { ...event, recurrence: ["RRULE:FREQ=NEVER"] } },
      /FREQ=NEVER/,
    ],
    ["POST", "events", { action: "update", account: ann, id: "x", event: { id: "y" } }, /id/],
    ["POST", "faults", { then: { status: 99 } }, /status/],
    ["POST", "faults", { match: { pathRegex: "(" }, then: {} }, /regular expression/],
    ["POST", "clock/advance", { ms: -1 }, /ms/],
    ["POST", "scenario", { pages: "many" }, /pages/],
    ["POST", "accounts", { email: "nobody" }, /email/],
    ["GET", `occurrences?account=${ann}&from=yesterday&to=2026-01-01T00:00:00Z`, undefined, /from/],
    ["GET", `occurrences?account=${ann}`, undefined, /from/],
  ])("%s %s with %j is refused with its reason", async (method, path, body, reason) => {
    const { simulator } = await givenAnn();
    const answer = await admin(simulator, method, path, body);
    expect(answer.status).toBe(400);
    expect((answer.body as { error: string }).error).toMatch(reason);
  });

  test("what is missing or taken is told apart from what is wrong, and a broken body from both", async () => {
    const { simulator } = await givenAnn();
    const statuses = [
      await admin(
        simulator,
        "GET",
        "occurrences?account=nobody@example.com&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
      ),
      await admin(simulator, "POST", "events", { action: "cancel", account: ann, id: "nothere" }),
      await admin(simulator, "POST", "accounts", { email: ann }),
      await admin(simulator, "GET", "nowhere"),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 409, 404]);
    const broken = await fetch(`${simulator.url}/__sim/faults`, { method: "POST", body: "{" });
    expect([broken.status, await broken.json()]).toEqual([400, { error: "the body is not JSON" }]);
  });
});

describe("the occurrences of a calendar", () => {
  test("end after the start of the range and begin before its end; those without a length count at its start", async () => {
    const { simulator } = await givenAnn();
    const create = (title: string, start: string, end: string) =>
      simulator.control.createEvent(ann, { title, start: { dateTime: start }, end: { dateTime: end } });
    create("before", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z");
    create("point at start", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z");
    create("over the start", "2026-11-23T08:00:00Z", "2026-11-23T09:00:01Z");
    create("point at end", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z");
    create("over the end", "2026-11-23T09:59:59Z", "2026-11-23T11:00:00Z");
    const { body } = await occurrences(simulator, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
    expect((body as { title: string }[]).map(({ title }) => title)).toEqual([
      "over the start",
      "point at start",
      "over the end",
    ]);
  });

  test("of the real calendars are those of the expanded list, in ids and times", async () => {
    const now = Date.now();
    const simulator = await givenSimulator({ now: Date.now, googleCalendars: await demoCalendars({ now }) });
    const [from, to] = [new Date(now - 30 * 86_400_000), new Date(now + 365 * 86_400_000)];
    const wholeSeconds = (date: Date) => new Date(Math.floor(date.getTime() / 1000) * 1000);
    for (const account of ["town@example.com", "feeds@example.com", "holidays@example.com", "centre@example.com"]) {
      const told = simulator.control.occurrences(account, wholeSeconds(from), wholeSeconds(to));
      const { items } = await clientOf(simulator, account).list({
        singleEvents: true,
        timeMin: from.toISOString(),
        timeMax: to.toISOString(),
        maxResults: 500,
      });
      const instant = (moment: { dateTime?: string | null; date?: string | null } | undefined) =>
        new Date(moment?.dateTime ?? moment?.date ?? "").toISOString();
      const listed = items.map(({ id, summary, start, end }) =>
        [id, summary ?? "", instant(start), instant(end)].join(),
      );
      expect(listed.sort()).toEqual(
        told.map(({ id, title, startsAt, endsAt }) => [id, title, startsAt, endsAt].join()).sort(),
      );
    }
  });
});
