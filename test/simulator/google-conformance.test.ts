import { describe, expect, test } from "@jest/globals";
import { expectAnswer } from "./answer-schemas.js";
import { ann, clientOf, dayOn, givenAnn, hourOn, givenSimulator } from "./given.js";
import { demoCalendars } from "../../src/simulator/demo-calendars.js";

describe("the official client's types describe every answer", () => {
  test("calendarList.list and calendars.get", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.addCalendar({
      account: ann,
      id: "team@example.com",
      name: "Team",
      description: "All of us",
      timeZone: "UTC",
      accessRole: "reader",
    });
    const { data: list } = await client.api.calendarList.list();
    expectAnswer("CalendarList", list);
    expect(list.items?.map(({ id, primary }) => [id, primary])).toEqual([
      [ann, true],
      ["team@example.com", undefined],
    ]);
    const { data: calendar } = await client.api.calendars.get({ calendarId: "team@example.com" });
    expectAnswer("Calendar", calendar);
    expect(calendar).toMatchObject({
      kind: "calendar#calendar",
      summary: "Team",
      description: "All of us",
      timeZone: "UTC",
    });
  });

  test("events.list, get and instances, with every part an event can have", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      description: "Über alles",
      location: "Zürich",
      status: "tentative",
      visibility: "private",
      transparency: "transparent",
      attendees: [
        { email: ann, responseStatus: "accepted" },
        { email: "bob@example.com", displayName: "Bob" },
      ],
      organizerEmail: "bob@example.com",
      privateProperties: { key: "1" },
      sharedProperties: { key: "2" },
    });
    const series = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23", "Weekly"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=4"],
    });
    simulator.control.updateEvent(ann, `${series.id}_20261130T080000Z`, {
      title: "Moved",
      start: { dateTime: "2026-12-01T09:00:00" },
    });
    simulator.control.cancelEvent(ann, `${series.id}_20261207T080000Z`);
    simulator.control.createEvent(ann, dayOn("2026-12-24", "2026-12-27"));
    for (const singleEvents of [true, false]) {
      for (const showDeleted of [true, false]) await client.list({ singleEvents, showDeleted });
    }
    await client.get(series.id);
    await client.get(`${series.id}_20261214T080000Z`);
    expect((await client.get(`${series.id}_20261207T080000Z`)).status).toBe("cancelled");
    const { data } = await client.api.events.instances({
      calendarId: "primary",
      eventId: series.id,
      showDeleted: true,
    });
    expectAnswer("Events", data);
    expect(data.items).toHaveLength(4);
  });

  test("a calendar of which only free and busy times are shared", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.addCalendar({
      account: ann,
      id: "boss@example.com",
      name: "Boss",
      timeZone: "UTC",
      accessRole: "freeBusyReader",
    });
    simulator.control.createEvent(ann, hourOn("2026-11-23", "Secret"), "boss@example.com");
    const { items } = await client.list({ calendarId: "boss@example.com" });
    expect(items[0]).toMatchObject({ status: "confirmed", start: { dateTime: "2026-11-23T09:00:00Z" } });
    expect(items[0]).not.toHaveProperty("summary");
  });

  test("every event of the demo's real calendars", async () => {
    const simulator = await givenSimulator({ now: Date.now, googleCalendars: await demoCalendars() });
    for (const account of ["town@example.com", "feeds@example.com", "holidays@example.com"]) {
      const { items } = await clientOf(simulator, account).list({ maxResults: 2500 });
      expect(items.length).toBeGreaterThan(100);
    }
  });
});

describe("the check itself", () => {
  test("refuses a key that the client does not know, at the top and deep inside", () => {
    const event = { kind: "calendar#event", id: "abc12", start: { date: "2026-01-01" } };
    expect(() => {
      expectAnswer("Events", { kind: "calendar#events", items: [event] });
    }).not.toThrow();
    expect(() => {
      expectAnswer("Events", { kind: "calendar#events", items: [event], invented: 1 });
    }).toThrow(/invented/);
    expect(() => {
      expectAnswer("Events", { items: [{ ...event, start: { date: "2026-01-01", invented: true } }] });
    }).toThrow(/invented/);
  });

  test("refuses a value of another type", () => {
    expect(() => {
      expectAnswer("Event", { id: 5 });
    }).toThrow(/must be string/);
  });
});
