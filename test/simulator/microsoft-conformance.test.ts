import { describe, expect, test } from "@jest/globals";
import { microsoftDemoCalendars } from "../../src/simulator/demo-calendars.js";
import { bob, dayOn, givenBob, givenSimulator, givenWeekly, graphClientOf, hourOn } from "./given.js";
import { firstLink, kinds, window } from "./graph-client.js";
import { checkedAnswer } from "./graph-schemas.js";

const query = `startDateTime=${window.from}&endDateTime=${window.to}`;

describe("the published types and documents describe every answer", () => {
  test("me, its mailbox settings and calendars, by every path", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC", accessRole: "reader" });
    const user = await client.get("SignedInUser", "/me");
    expect(user).toMatchObject({ userPrincipalName: bob, displayName: "Bob", mail: bob });
    expect((await client.get("SignedInUser", `/users/${user.id}`)).id).toBe(user.id);
    expect(await client.get("OwnSettings", "/me/mailboxSettings")).toMatchObject({
      timeZone: "W. Europe Standard Time",
    });
    const { value } = await client.get("CalendarList", "/me/calendars");
    expect(value.map(({ name, isDefaultCalendar, canEdit }) => [name, isDefaultCalendar, canEdit])).toEqual([
      ["Calendar", true, true],
      ["Team", false, false],
    ]);
    expect(value[0]?.id).toBe(simulator.control.externalCalendarId(bob));
    expect((await client.get("SingleCalendar", "/me/calendar")).id).toBe(value[0]?.id);
    expect(await client.get("SingleCalendar", `/users/${bob}/calendars/${value[1]?.id ?? ""}`)).toMatchObject({
      name: "Team",
    });
    expect((await client.get("SingleCalendar", `/me/calendars('${value[1]?.id ?? ""}')`)).name).toBe("Team");
  });

  test("events with every part they can have, in rounds, views and alone", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, {
      ...hourOn("2026-11-23"),
      description: "Über <alles>\nund mehr",
      location: "Zürich",
      status: "tentative",
      visibility: "private",
      transparency: "transparent",
      attendees: [
        { email: bob, responseStatus: "accepted" },
        { email: "ann@example.com", displayName: "Ann" },
      ],
      organizerEmail: "ann@example.com",
    });
    simulator.control.createEvent(bob, { start: { date: "2026-12-24" }, end: { date: "2026-12-27" } });
    const { id, instances } = givenWeekly(simulator);
    simulator.control.updateEvent(bob, instances[1] ?? "", { start: { dateTime: "2026-12-01T09:00:00" } });
    simulator.control.cancelEvent(bob, instances[2] ?? "");
    simulator.control.deleteEvent(bob, instances[3] ?? "");
    const round = await client.round();
    expect(kinds(round).sort()).toEqual([
      "exception",
      "exception",
      "occurrence",
      "seriesMaster",
      "singleInstance",
      "singleInstance",
    ]);
    const view = await client.get("EventList", `/me/calendarView?${query}&$top=100`);
    expect(view.value.map(({ type }) => type).sort()).toEqual([
      "exception",
      "exception",
      "occurrence",
      "singleInstance",
      "singleInstance",
    ]);
    for (const event of view.value)
      expect((await client.get("SingleEvent", `/me/events/${event.id}`)).id).toBe(event.id);
    const list = await client.get("EventList", `/me/events`);
    expect(list.value).toHaveLength(3);
    const seriesId = simulator.control.externalEventId(bob, id);
    expect((await client.get("EventList", `/me/events/${seriesId}/instances?${query}`)).value).toHaveLength(3);
  });

  test("every event of the demo's real calendars", async () => {
    const simulator = await givenSimulator({ now: Date.now, microsoftCalendars: microsoftDemoCalendars() });
    const range = { from: new Date(Date.now() - 30 * 86_400_000), to: new Date(Date.now() + 365 * 86_400_000) };
    const bounds = { from: range.from.toISOString(), to: range.to.toISOString() };
    for (const account of ["office@example.org", "school@example.org"]) {
      const { items } = await graphClientOf(simulator, account).round(
        firstLink("/me", bounds),
        "odata.maxpagesize=500",
      );
      expect(items.length).toBeGreaterThan(300);
    }
  });
});

describe("the check itself", () => {
  const context = { "@odata.context": "" };
  const removed = { "@odata.type": "#microsoft.graph.event", id: "AAkA", "@removed": { reason: "deleted" } };
  const page = { ...context, value: [removed], "@odata.deltaLink": "x" };

  test("takes an answer of the documented shape", () => {
    expect(checkedAnswer("DeltaPage", page)).toBe(page);
  });

  test.each([
    ["an unknown key", { ...page, invented: 1 }],
    ["an unknown key in an item", { ...page, value: [{ ...removed, invented: 1 }] }],
    ["both links", { ...page, "@odata.nextLink": "x" }],
    ["neither link", { ...context, value: [] }],
    ["an occurrence with a subject", { ...page, value: [{ ...removed, type: "occurrence", subject: "x" }] }],
    ["another reason", { ...page, value: [{ ...removed, "@removed": { reason: "changed" } }] }],
  ])("refuses %s", (_, answer) => {
    expect(() => checkedAnswer("DeltaPage", answer)).toThrow(/Not DeltaPage/);
  });

  test("refuses an unknown key deep inside an event of an answer, and a property that is missing", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, dayOn("2026-12-24", "2026-12-25"));
    const [event] = (await client.get("EventList", "/me/events")).value;
    const list = (value: unknown) => ({ ...context, value: [value] });
    expect(checkedAnswer("EventList", list(event))).toBeDefined();
    expect(() => checkedAnswer("EventList", list({ ...event, start: { ...event?.start, invented: 1 } }))).toThrow(
      /invented/,
    );
    expect(() => checkedAnswer("EventList", list({ ...event, iCalUId: undefined }))).toThrow(/iCalUId/);
    expect(() => checkedAnswer("EventList", list({ ...event, showAs: "away" }))).toThrow(/showAs/);
  });
});
