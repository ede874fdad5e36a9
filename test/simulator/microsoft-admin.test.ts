import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { bob, dayOn, givenBob, givenSimulator, graphClientOf, hourOn } from "./given.js";
import { graphRefusal, kinds } from "./graph-client.js";

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

interface Shown {
  id: string;
  title: string;
  recurringEventId?: string;
  isCalledOff?: boolean;
}

async function occurrences(simulator: Simulator): Promise<Shown[]> {
  const range = "from=2026-01-01&to=2027-12-31";
  return (await admin(simulator, "GET", `occurrences?account=${bob}&${range}`)).body as Shown[];
}

describe("the admin routes for a Microsoft account", () => {
  test("make the account, with an empty calendar and a refresh token", async () => {
    const simulator = await givenSimulator();
    const made = await admin(simulator, "POST", "accounts", {
      email: bob,
      provider: "microsoft",
      timeZone: "Asia/Tokyo",
    });
    const calendarId = simulator.control.externalCalendarId(bob);
    expect(made).toEqual({ status: 200, body: { email: bob, refreshToken: expect.any(String), calendarId } });
    const client = graphClientOf(simulator, bob);
    expect((await client.get("SingleCalendar", `/me/calendars/${calendarId}`)).isDefaultCalendar).toBe(true);
    const { body } = await admin(simulator, "POST", "calendars", { account: bob, id: "team", name: "Team" });
    const { externalId } = body as { externalId: string };
    expect((await client.get("SingleCalendar", `/me/calendars/${externalId}`)).name).toBe("Team");
  });

  test("know events by the ids that a client of immutable ids sees", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const edit = async (body: object) =>
      (await admin(simulator, "POST", "events", { account: bob, ...body })).body as Shown;
    const weekly = { ...hourOn("2026-11-23"), recurrence: ["RRULE:FREQ=WEEKLY;COUNT=4"] };
    const { id } = await edit({ action: "create", event: weekly });
    expect((await client.get("SingleEvent", `/me/events/${id}`)).type).toBe("seriesMaster");
    const ids = async () => (await occurrences(simulator)).map((occurrence) => occurrence.id);
    const [first = "", second = "", third = "", fourth = ""] = await ids();
    const changed = await edit({ action: "update", id: first, event: { title: "Changed" } });
    expect(changed).toMatchObject({ id: first, recurringEventId: id });
    expect(await edit({ action: "cancel", id: second })).toMatchObject({ id: second, isCalledOff: true });
    await edit({ action: "delete", id: third });
    expect(await ids()).toEqual([first, fourth]);
    const { items } = await client.round();
    expect(kinds({ items }).sort()).toEqual(["exception", "exception", "occurrence", "seriesMaster"]);
    const moved = await edit({ action: "move", id, to: "team" });
    expect(moved.id).toBe(id);
    expect(await ids()).toEqual([]);
    const { body } = await admin(simulator, "GET", `events?account=${bob}&calendar=team`);
    expect((body as Shown[]).map((event) => event.id)).toEqual([id, first, second, third]);
  });

  test("refuse what cannot be done", async () => {
    const { simulator } = await givenBob();
    simulator.control.addAccount("ann@example.com");
    simulator.control.addCalendar({ account: "ann@example.com", id: "team", name: "Team", timeZone: "UTC" });
    const { id } = simulator.control.createEvent(bob, hourOn("2026-11-23"));
    const google = simulator.control.createEvent("ann@example.com", hourOn("2026-11-23"));
    const status = async (path: string, body: object) => (await admin(simulator, "POST", path, body)).status;
    simulator.control.cancelEvent(bob, id);
    expect(await status("events", { account: bob, action: "cancel", id })).toBe(409);
    expect(await status("events", { account: bob, action: "move", id, to: "nowhere" })).toBe(404);
    expect(await status("events", { account: bob, action: "move", id, to: "primary" })).toBe(400);
    const move = { account: "ann@example.com", action: "move", id: google.id, to: "team" };
    expect(await status("events", move)).toBe(400);
    expect(await status("zone", { account: bob, timeZone: "Mars/Olympus" })).toBe(400);
    expect(await status("limits", { concurrent: 0 })).toBe(400);
    expect(await status("scenario", { expiredState: "never" })).toBe(400);
  });

  test("set zones, limits and behaviours, expire states and end access", async () => {
    const { simulator, client } = await givenBob();
    const post = async (path: string, body: object) => {
      expect((await admin(simulator, "POST", path, body)).status).toBe(200);
    };
    await post("zone", { account: bob, timeZone: "America/New_York" });
    expect((await client.get("OwnSettings", "/me/mailboxSettings")).timeZone).toBe("Eastern Standard Time");
    await post("limits", { requests: 0 });
    expect((await graphRefusal(client.get("SignedInUser", "/me"))).status).toBe(429);
    expect((await admin(simulator, "DELETE", "limits")).status).toBe(200);
    const { deltaLink } = await client.round();
    await post("scenario", { expiredState: "resyncRequired", isRotationStrict: true, itemOrder: "arbitrary" });
    await post("tokens/expire", { account: bob });
    expect((await graphRefusal(client.delta(deltaLink))).code).toBe("resyncRequired");
    await post("revoke", { account: bob });
    expect((await graphRefusal(client.get("SignedInUser", "/me"))).status).toBe(401);
    const state = (await admin(simulator, "GET", "state")).body;
    expect(state).toMatchObject({
      profile: null,
      scenario: { isRotationStrict: true },
      accounts: [{ email: bob, provider: "microsoft", isRevoked: true, calendars: [{ timeZone: "America/New_York" }] }],
    });
  });

  test("fault and list requests of one provider", async () => {
    const { simulator, client } = await givenBob();
    const then = { status: 503, headers: { "Retry-After": "9" }, body: { error: { code: "ServiceUnavailable" } } };
    await admin(simulator, "POST", "faults", { match: { provider: "google" }, then: { status: 500 } });
    await admin(simulator, "POST", "faults", { match: { provider: "microsoft", pathRegex: "/delta" }, then });
    await client.get("SignedInUser", "/me");
    await expect(client.round()).rejects.toMatchObject({ statusCode: 503, code: "ServiceUnavailable" });
    const { body } = await admin(simulator, "GET", "requests?provider=microsoft");
    expect(body).toMatchObject([
      { url: "/v1.0/me", status: 200, account: bob },
      { status: 503, account: bob, headers: { authorization: "[redacted]" } },
    ]);
  });

  test("count days in UTC, like the rest", async () => {
    const { simulator } = await givenBob();
    simulator.control.createEvent(bob, dayOn("2026-12-24", "2026-12-25", "Eve"));
    expect(await occurrences(simulator)).toMatchObject([
      { title: "Eve", startsAt: "2026-12-24T00:00:00.000Z", isAllDay: true },
    ]);
  });
});
