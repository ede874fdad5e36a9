import { describe, expect, test } from "@jest/globals";
import { expectAnswer } from "./answer-schemas.js";
import { ann, givenAnn, hourOn } from "./given.js";
import { GoogleClient, ids, refusalOf } from "./google-client.js";
import type { Event } from "./google-client.js";

const primary = { calendarId: "primary" };

/** An hour at nine in Zurich. */
function hour(day: string, rest: Event = {}): Event {
  const at = (time: string) => ({ dateTime: `${day}T${time}:00`, timeZone: "Europe/Zurich" });
  return { summary: "Meeting", start: at("09:00"), end: at("10:00"), ...rest };
}

async function insert(client: GoogleClient, requestBody: Event): Promise<Event & { id: string }> {
  const { data, status } = await client.api.events.insert({ ...primary, requestBody });
  expect(status).toBe(200);
  expectAnswer("Event", data);
  return { ...data, id: data.id ?? "" };
}

async function patch(client: GoogleClient, eventId: string, requestBody: Event): Promise<Event> {
  const { data } = await client.api.events.patch({ ...primary, eventId, requestBody });
  expectAnswer("Event", data);
  return data;
}

async function update(client: GoogleClient, eventId: string, requestBody: Event): Promise<Event> {
  const { data } = await client.api.events.update({ ...primary, eventId, requestBody });
  expectAnswer("Event", data);
  return data;
}

function remove(client: GoogleClient, eventId: string) {
  return client.api.events.delete({ ...primary, eventId });
}

describe("inserting", () => {
  test("gives the event with everything that the service adds, and every later list tells it", async () => {
    const { client } = await givenAnn();
    const { syncToken } = await client.list();
    const { data: event } = await client.api.events.insert({
      ...primary,
      sendUpdates: "none",
      conferenceDataVersion: 1,
      requestBody: hour("2026-11-23", {
        id: "client0chosen1id",
        description: "Über alles",
        location: "Zürich",
        transparency: "transparent",
        visibility: "private",
        status: "tentative",
        attendees: [{ email: "bob@example.com", displayName: "Bob" }],
        extendedProperties: { private: { origin: "17" }, shared: { team: "a" } },
      }),
    });
    expectAnswer("Event", event);
    expect(event).toMatchObject({
      kind: "calendar#event",
      id: "client0chosen1id",
      status: "tentative",
      summary: "Meeting",
      iCalUID: "client0chosen1id@google.com",
      organizer: { email: ann, self: true },
      start: { dateTime: "2026-11-23T09:00:00+01:00", timeZone: "Europe/Zurich" },
      attendees: [{ email: "bob@example.com", responseStatus: "needsAction" }],
      extendedProperties: { private: { origin: "17" }, shared: { team: "a" } },
      sequence: 0,
    });
    expect(await client.get("client0chosen1id")).toEqual(event);
    expect((await client.list({ syncToken: syncToken ?? "" })).items).toEqual([event]);
    expect((await client.list({ privateExtendedProperty: ["origin=17"] })).items).toEqual([event]);
  });

  test("makes all-day events and series", async () => {
    const { client } = await givenAnn();
    const day = await insert(client, { start: { date: "2026-12-24" }, end: { date: "2026-12-27" } });
    expect(day).toMatchObject({ start: { date: "2026-12-24" }, end: { date: "2026-12-27" } });
    const series = await insert(client, hour("2026-11-23", { recurrence: ["RRULE:FREQ=WEEKLY;COUNT=3"] }));
    expect(series.recurrence).toEqual(["RRULE:FREQ=WEEKLY;COUNT=3"]);
    expect(ids((await client.list({ singleEvents: true })).items)).toHaveLength(4);
  });

  test("takes a time without an offset in the zone that it names", async () => {
    const { client } = await givenAnn();
    const at = (dateTime: string) => ({ dateTime, timeZone: "America/New_York" });
    const { start } = await insert(client, { start: at("2026-11-23T09:00:00"), end: at("2026-11-23T10:00:00") });
    expect(start).toEqual({ dateTime: "2026-11-23T15:00:00+01:00", timeZone: "America/New_York" });
  });

  test("under an id or UID that is taken is refused, also by an event that is deleted", async () => {
    const { client } = await givenAnn();
    await insert(client, hour("2026-11-23", { id: "taken1" }));
    await insert(client, hour("2026-11-23", { iCalUID: "uid@elsewhere" }));
    const again = { status: 409, reason: "duplicate" };
    expect(await refusalOf(insert(client, hour("2026-11-24", { id: "taken1" })))).toMatchObject(again);
    expect(await refusalOf(insert(client, hour("2026-11-24", { iCalUID: "uid@elsewhere" })))).toMatchObject(again);
    await remove(client, "taken1");
    expect(await refusalOf(insert(client, hour("2026-11-24", { id: "taken1" })))).toMatchObject(again);
  });

  test.each<[string, Event, string, string]>([
    ["no start", { end: { date: "2026-12-24" } }, "required", "Missing start time."],
    ["no end", { start: { date: "2026-12-24" } }, "required", "Missing end time."],
    ["an id with other letters", hour("2026-11-23", { id: "with-dash" }), "invalid", "Invalid resource id value."],
    ["an id that is too short", hour("2026-11-23", { id: "abcd" }), "invalid", "Invalid resource id value."],
    [
      "id and iCalUID",
      hour("2026-11-23", { id: "abcde", iCalUID: "x" }),
      "invalid",
      "Only one of id and iCalUID may be given.",
    ],
    [
      "a day and a time",
      hour("2026-11-23", { end: { date: "2026-11-24" } }),
      "invalid",
      "Start and end times must either both be date or both be dateTime.",
    ],
    [
      "an end before the start",
      hour("2026-11-23", { end: { dateTime: "2026-11-22T09:00:00Z" } }),
      "timeRangeEmpty",
      "The specified time range is empty.",
    ],
    [
      "a day without length",
      { start: { date: "2026-12-24" }, end: { date: "2026-12-24" } },
      "timeRangeEmpty",
      "The specified time range is empty.",
    ],
    [
      "a time in no zone",
      hour("2026-11-23", { start: { dateTime: "2026-11-23T09:00:00" } }),
      "required",
      "Missing time zone definition for start time.",
    ],
    [
      "an unknown zone",
      hour("2026-11-23", { start: { dateTime: "2026-11-23T09:00:00", timeZone: "Moon/Sea" } }),
      "invalid",
      "Invalid time zone definition for start time.",
    ],
    [
      "a series in no zone",
      {
        start: { dateTime: "2026-11-23T09:00:00Z" },
        end: { dateTime: "2026-11-23T10:00:00Z" },
        recurrence: ["RRULE:FREQ=DAILY"],
      },
      "required",
      "Missing time zone definition for start time.",
    ],
    [
      "a rule that is none",
      hour("2026-11-23", { recurrence: ["RRULE:FREQ=SOMETIMES"] }),
      "invalid",
      "Invalid recurrence rule.",
    ],
    [
      "what is no time",
      { start: { date: "soon" }, end: { date: "later" } },
      "invalid",
      'Invalid value for: Invalid format: "later"',
    ],
    ["an unknown status", hour("2026-11-23", { status: "maybe" }), "invalid", "Invalid value for: status"],
    [
      "an attendee without an address",
      hour("2026-11-23", { attendees: [{ displayName: "Bob" }] }),
      "invalid",
      "Invalid value for: attendees.0.email",
    ],
  ])("is refused with 400 for %s, and leaves nothing", async (_, body, reason, message) => {
    const { client } = await givenAnn();
    const refusal = await refusalOf(insert(client, body));
    expect(refusal).toMatchObject({ status: 400, reason, body: { error: { code: 400, message } } });
    expect((await client.list({ showDeleted: true })).items).toEqual([]);
  });

  test("is refused for a body that is no JSON, and for a parameter that is none", async () => {
    const { simulator, client } = await givenAnn();
    const answer = await fetch(`${simulator.url}/calendar/v3/calendars/primary/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${simulator.control.issueAccessToken(ann)}` },
      body: "{",
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { errors: [{ reason: "parseError" }] } },
    ]);
    const odd = client.api.events.insert({ ...primary, sendUpdates: "some", requestBody: hour("2026-11-23") });
    expect(await refusalOf(odd)).toMatchObject({ status: 400, reason: "invalid" });
  });
});

describe("changing", () => {
  test("by a patch keeps what it does not name, takes away what is null, and adds properties to those there are", async () => {
    const { client } = await givenAnn();
    const extendedProperties = { private: { a: "1", b: "2" } };
    const { id } = await insert(client, hour("2026-11-23", { location: "Zürich", extendedProperties }));
    const changed = await patch(client, id, {
      summary: "Changed",
      location: null,
      extendedProperties: { private: { b: "3", c: "4" } },
    });
    expect(changed).toMatchObject({
      summary: "Changed",
      start: { dateTime: "2026-11-23T09:00:00+01:00" },
      sequence: 0,
    });
    expect(changed).not.toHaveProperty("location");
    expect(changed.extendedProperties).toEqual({ private: { a: "1", b: "3", c: "4" } });
    expect(await client.get(id)).toEqual(changed);
  });

  test("by an update replaces everything that a client writes", async () => {
    const { client } = await givenAnn();
    const { id, iCalUID } = await insert(client, hour("2026-11-23", { location: "Zürich", description: "x" }));
    const changed = await update(client, id, hour("2026-11-24", { summary: "Moved" }));
    expect(changed).toMatchObject({ id, iCalUID, summary: "Moved", sequence: 1, status: "confirmed" });
    expect(changed.start?.dateTime).toBe("2026-11-24T09:00:00+01:00");
    expect(changed).not.toHaveProperty("location");
    expect(changed).not.toHaveProperty("description");
  });

  test("makes an all-day event of a timed one, and a series of a single one", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23"));
    const day = await patch(client, id, {
      start: { date: "2026-11-23", dateTime: null, timeZone: null },
      end: { date: "2026-11-24", dateTime: null, timeZone: null },
    });
    expect(day).toMatchObject({ start: { date: "2026-11-23" }, end: { date: "2026-11-24" } });
    await patch(client, id, { recurrence: ["RRULE:FREQ=DAILY;COUNT=2"] });
    expect(ids((await client.list({ singleEvents: true })).items)).toEqual([`${id}_20261123`, `${id}_20261124`]);
  });

  test("of one instance makes an exception of it, and the others stay", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23", { recurrence: ["RRULE:FREQ=WEEKLY;COUNT=3"] }));
    const { syncToken } = await client.list({ singleEvents: true });
    const changed = await patch(client, `${id}_20261130T080000Z`, { summary: "Once" });
    expect(changed).toMatchObject({
      recurringEventId: id,
      originalStartTime: { dateTime: "2026-11-30T09:00:00+01:00" },
      summary: "Once",
    });
    await remove(client, `${id}_20261207T080000Z`);
    const { items } = await client.list({ singleEvents: true, syncToken: syncToken ?? "" });
    expect(items.map((item) => [item.id, item.status])).toEqual([
      [`${id}_20261130T080000Z`, "confirmed"],
      [`${id}_20261207T080000Z`, "cancelled"],
    ]);
    const back = await patch(client, `${id}_20261207T080000Z`, { status: "confirmed" });
    expect(back).toMatchObject({ status: "confirmed", summary: "Meeting" });
  });

  test("of a series moves all of it", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23", { recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"] }));
    const zone = "Europe/Zurich";
    await patch(client, id, {
      start: { dateTime: "2026-11-24T11:00:00", timeZone: zone },
      end: { dateTime: "2026-11-24T12:00:00", timeZone: zone },
    });
    const { items } = await client.list({ singleEvents: true });
    expect(items.map(({ start }) => start?.dateTime)).toEqual([
      "2026-11-24T11:00:00+01:00",
      "2026-12-01T11:00:00+01:00",
    ]);
  });

  test("gives a new etag each time, which If-Match demands and If-None-Match knows", async () => {
    const { client } = await givenAnn();
    const { id, etag } = await insert(client, hour("2026-11-23"));
    const conditional = (name: string, value: string) => ({ headers: { [name]: value } });
    const matching = conditional("If-Match", etag ?? "");
    const place = { ...primary, eventId: id };
    const { data } = await client.api.events.patch({ ...place, requestBody: { summary: "Second" } }, matching);
    expect(data.etag).not.toBe(etag);
    const stale = { status: 412, reason: "conditionNotMet" };
    expect(
      await refusalOf(client.api.events.patch({ ...place, requestBody: { summary: "Third" } }, matching)),
    ).toMatchObject(stale);
    expect(
      await refusalOf(client.api.events.update({ ...place, requestBody: hour("2026-11-23") }, matching)),
    ).toMatchObject(stale);
    expect(await refusalOf(client.api.events.delete(place, matching))).toMatchObject(stale);
    expect((await client.get(id)).summary).toBe("Second");
    const unchanged = client.api.events.get(place, conditional("If-None-Match", data.etag ?? ""));
    expect((await unchanged).status).toBe(304);
    const any = await client.api.events.delete(place, conditional("If-Match", "*"));
    expect(any.status).toBe(204);
  });

  test.each<[string, Event, string]>([
    ["an end before the start", { end: { dateTime: "2026-11-20T09:00:00Z" } }, "timeRangeEmpty"],
    ["a day beside a time", { start: { date: "2026-11-23" } }, "invalid"],
    ["an unknown visibility", { visibility: "secret" }, "invalid"],
    ["a rule that is none", { recurrence: ["FREQ=DAILY"] }, "invalid"],
  ])("is refused with 400 for %s, and changes nothing", async (_, body, reason) => {
    const { client } = await givenAnn();
    const event = await insert(client, hour("2026-11-23"));
    expect(await refusalOf(patch(client, event.id, body))).toMatchObject({ status: 400, reason });
    expect(await client.get(event.id)).toEqual(event);
  });

  test("of an instance refuses a recurrence, and of a series to be without one", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23", { recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"] }));
    const recurrence = ["RRULE:FREQ=DAILY"];
    const invalid = { status: 400, reason: "invalid" };
    expect(await refusalOf(patch(client, `${id}_20261123T080000Z`, { recurrence }))).toMatchObject(invalid);
    expect(await refusalOf(update(client, id, hour("2026-11-23")))).toMatchObject(invalid);
  });

  test("of what was never there is 404", async () => {
    const { client } = await givenAnn();
    const missing = { status: 404, reason: "notFound" };
    expect(await refusalOf(patch(client, "nothing", {}))).toMatchObject(missing);
    expect(await refusalOf(update(client, "nothing", hour("2026-11-23")))).toMatchObject(missing);
    expect(await refusalOf(remove(client, "nothing"))).toMatchObject(missing);
  });
});

describe("deleting", () => {
  test("answers 204, a second time 410, and is told once to whoever follows", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23"));
    const { syncToken } = await client.list();
    expect((await remove(client, id)).status).toBe(204);
    const gone = { status: 410, reason: "deleted", body: { error: { message: "Resource has been deleted" } } };
    expect(await refusalOf(remove(client, id))).toMatchObject(gone);
    expect(await refusalOf(patch(client, id, { summary: "x" }))).toMatchObject(gone);
    expect((await client.get(id)).status).toBe("cancelled");
    const { items } = await client.list({ syncToken: syncToken ?? "" });
    expect(items.map((item) => [item.id, item.status])).toEqual([[id, "cancelled"]]);
  });

  test("is undone by an update that confirms the event", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23"));
    await remove(client, id);
    expect(await refusalOf(update(client, id, hour("2026-11-24")))).toMatchObject({ status: 410 });
    const back = await update(client, id, hour("2026-11-24", { status: "confirmed" }));
    expect(back).toMatchObject({ id, status: "confirmed", start: { dateTime: "2026-11-24T09:00:00+01:00" } });
    expect(ids((await client.list()).items)).toEqual([id]);
  });

  test("of a series takes every instance with it", async () => {
    const { client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23", { recurrence: ["RRULE:FREQ=WEEKLY;COUNT=3"] }));
    await patch(client, `${id}_20261130T080000Z`, { summary: "Once" });
    await remove(client, id);
    expect((await client.list({ singleEvents: true })).items.filter(({ status }) => status !== "cancelled")).toEqual(
      [],
    );
    expect(await refusalOf(remove(client, `${id}_20261123T080000Z`))).toMatchObject({ status: 410 });
  });
});

describe("who may write", () => {
  test.each(["reader", "freeBusyReader"] as const)(
    "a calendar shared with a %s is refused with 403",
    async (accessRole) => {
      const { simulator, client } = await givenAnn();
      const calendarId = "team@example.com";
      simulator.control.addCalendar({ account: ann, id: calendarId, name: "Team", timeZone: "UTC", accessRole });
      const { id: eventId } = simulator.control.createEvent(ann, hourOn("2026-11-23"), calendarId);
      const refused = { status: 403, reason: "requiredAccessLevel" };
      const requestBody = hour("2026-11-24");
      const { events } = client.api;
      expect(await refusalOf(events.insert({ calendarId, requestBody }))).toMatchObject(refused);
      expect(await refusalOf(events.update({ calendarId, eventId, requestBody }))).toMatchObject(refused);
      expect(await refusalOf(events.patch({ calendarId, eventId, requestBody }))).toMatchObject(refused);
      expect(await refusalOf(events.delete({ calendarId, eventId }))).toMatchObject(refused);
    },
  );

  test("a token for reading is refused with 403, one for events is enough", async () => {
    const { simulator } = await givenAnn();
    const inserted = (scope: string) => {
      const scopes = [`https://www.googleapis.com/auth/calendar${scope}`];
      const limited = new GoogleClient(simulator, simulator.control.issueAccessToken(ann, { scopes }));
      return limited.api.events.insert({ ...primary, requestBody: hour("2026-11-23") });
    };
    for (const scope of [".readonly", ".events.readonly", ".calendarlist"])
      expect(await refusalOf(inserted(scope))).toMatchObject({ status: 403, reason: "insufficientPermissions" });
    for (const scope of ["", ".events", ".events.owned"]) expect((await inserted(scope)).status).toBe(200);
  });

  test("an attendee may answer and keep notes, but not change what all share", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      organizerEmail: "bob@example.com",
      attendees: [{ email: ann }, { email: "bob@example.com", responseStatus: "accepted" }],
    });
    const refused = { status: 403, reason: "forbiddenForNonOrganizer" };
    for (const shared of [{ summary: "Mine" }, { location: "Here" }, { recurrence: ["RRULE:FREQ=DAILY"] }]) {
      const change = { start: { dateTime: "2026-11-23T09:00:00", timeZone: "Europe/Zurich" }, ...shared };
      expect(await refusalOf(patch(client, id, change))).toMatchObject(refused);
    }
    expect(
      await refusalOf(patch(client, id, { end: { dateTime: "2026-11-23T12:00:00", timeZone: "Europe/Zurich" } })),
    ).toMatchObject(refused);
    const attendees = [
      { email: ann, responseStatus: "accepted" },
      { email: "bob@example.com", responseStatus: "accepted" },
    ];
    const answered = await patch(client, id, { attendees, extendedProperties: { private: { note: "1" } } });
    expect(answered.attendees).toMatchObject([{ email: ann, responseStatus: "accepted", self: true }, {}]);
    expect(answered.organizer?.email).toBe("bob@example.com");
    expect((await remove(client, id)).status).toBe(204);
  });

  test("nobody, while the user has written too much; reading goes on", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = await insert(client, hour("2026-11-23"));
    simulator.control.setScenario({ isWriteQuotaExceeded: true });
    const refused = {
      status: 403,
      reason: "quotaExceeded",
      body: { error: { message: "Calendar usage limits exceeded.", errors: [{ domain: "usageLimits" }] } },
    };
    expect(await refusalOf(insert(client, hour("2026-11-24")))).toMatchObject(refused);
    expect(await refusalOf(remove(client, id))).toMatchObject(refused);
    expect(ids((await client.list()).items)).toEqual([id]);
  });
});

describe("an answer that is lost after the change", () => {
  test.each([
    ["a connection that breaks", { destroy: true }],
    ["a 503", { status: 503 }],
  ])("by %s leaves the change in the calendar", async (_, effect) => {
    const { simulator, client } = await givenAnn();
    const lose = (method: string) => simulator.control.addFault({ match: { method }, when: "after", then: effect });
    lose("POST");
    await expect(insert(client, hour("2026-11-23", { id: "lost1" }))).rejects.toThrow();
    expect((await client.get("lost1")).summary).toBe("Meeting");
    expect(await refusalOf(insert(client, hour("2026-11-23", { id: "lost1" })))).toMatchObject({ status: 409 });
    lose("PATCH");
    await expect(patch(client, "lost1", { summary: "Second" })).rejects.toThrow();
    expect((await client.get("lost1")).summary).toBe("Second");
    lose("PUT");
    await expect(update(client, "lost1", hour("2026-11-23", { summary: "Third" }))).rejects.toThrow();
    expect((await client.get("lost1")).summary).toBe("Third");
    lose("DELETE");
    await expect(remove(client, "lost1")).rejects.toThrow();
    expect(await refusalOf(remove(client, "lost1"))).toMatchObject({ status: 410 });
  });

  test("is none when the fault comes before it: nothing was done", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.addFault({ match: { method: "POST" }, then: { status: 503 } });
    expect(await refusalOf(insert(client, hour("2026-11-23", { id: "lost1" })))).toMatchObject({ status: 503 });
    expect(await refusalOf(client.get("lost1"))).toMatchObject({ status: 404 });
  });
});
