import { describe, expect, test } from "@jest/globals";
import { bob, givenBob, hourOn } from "./given.js";
import { GraphClient, graphRefusal, immutable, kinds } from "./graph-client.js";

const zurich = "W. Europe Standard Time";

/** An hour at nine in Zurich. */
function hour(day: string, rest: object = {}): object {
  const at = (time: string) => ({ dateTime: `${day}T${time}:00`, timeZone: zurich });
  return { subject: "Meeting", start: at("09:00"), end: at("10:00"), ...rest };
}

function days(from: string, to: string, zone = zurich): object {
  const at = (day: string) => ({ dateTime: `${day}T00:00:00.0000000`, timeZone: zone });
  return { subject: "Holiday", isAllDay: true, start: at(from), end: at(to) };
}

function weekly(startDate: string, numberOfOccurrences = 3): object {
  const pattern = { type: "weekly", interval: 1, daysOfWeek: ["monday"] };
  return { recurrence: { pattern, range: { type: "numbered", startDate, numberOfOccurrences } } };
}

const window = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2027-03-01T00:00:00Z";

async function instances(client: GraphClient, seriesId: string) {
  return (await client.get("EventList", `/me/events/${seriesId}/instances?${window}`)).value;
}

function starts(events: readonly { start: { dateTime: string } }[]): string[] {
  return events.map(({ start }) => start.dateTime.slice(0, 16));
}

describe("creating", () => {
  test("answers 201 with the event and where it is, and every later round tells it", async () => {
    const { client } = await givenBob();
    const { deltaLink } = await client.round();
    const answer = await client.raw("/me/events", hour("2026-11-23"));
    expect(answer.status).toBe(201);
    const { id } = (await answer.json()) as { id: string };
    expect(answer.headers.get("location")).toMatch(
      new RegExp(`/v1\\.0/users\\('[^']+'\\)/events\\('${encodeURIComponent(id)}'\\)$`),
    );
    expect(answer.headers.get("etag")).toBe((await client.get("SingleEvent", `/me/events/${id}`))["@odata.etag"]);
    const round = await client.round(deltaLink);
    expect(round.items).toMatchObject([{ id, subject: "Meeting", start: { dateTime: "2026-11-23T08:00:00.0000000" } }]);
  });

  test("keeps everything that a client says of an event", async () => {
    const { client } = await givenBob();
    const created = await client.create(
      "/me/calendar/events",
      hour("2026-11-23", {
        body: { contentType: "html", content: "<html><body><p>Über &lt;alles&gt;</p>und mehr</body></html>" },
        location: { displayName: "Zürich" },
        attendees: [{ emailAddress: { address: "ann@example.com", name: "Ann" }, type: "required" }],
        showAs: "tentative",
        sensitivity: "private",
        transactionId: "t-1",
        isReminderOn: false,
      }),
      { Prefer: `${immutable}, outlook.timezone="${zurich}", outlook.body-content-type="text"` },
    );
    expect(created).toMatchObject({
      body: { contentType: "text", content: "Über <alles>\nund mehr" },
      location: { displayName: "Zürich" },
      attendees: [{ emailAddress: { address: "ann@example.com", name: "Ann" } }],
      showAs: "tentative",
      sensitivity: "private",
      transactionId: "t-1",
      start: { dateTime: "2026-11-23T09:00:00.0000000", timeZone: zurich },
      originalStartTimeZone: zurich,
      type: "singleInstance",
    });
  });

  test("works in another calendar of the mailbox, with all-day events and IANA zones", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const calendar = simulator.control.externalCalendarId(bob, "team");
    const { id } = await client.create(
      `/me/calendars/${calendar}/events`,
      days("2026-12-24", "2026-12-27", "Asia/Tokyo"),
    );
    const event = await client.get("SingleEvent", `/me/events/${id}`);
    expect(event).toMatchObject({ isAllDay: true, originalStartTimeZone: "Tokyo Standard Time" });
    expect([event.start.dateTime, event.end.dateTime]).toEqual([
      "2026-12-24T00:00:00.0000000",
      "2026-12-27T00:00:00.0000000",
    ]);
    expect((await client.get("EventList", "/me/events")).value).toEqual([]);
    expect((await client.get("EventList", `/me/calendars/${calendar}/events`)).value).toMatchObject([{ id }]);
  });

  test.each<[string, object, object, string[]]>([
    [
      "daily",
      { type: "daily", interval: 2 },
      { type: "numbered", numberOfOccurrences: 3 },
      ["11-23", "11-25", "11-27"],
    ],
    [
      "weekly",
      { type: "weekly", interval: 1, daysOfWeek: ["monday", "thursday"] },
      { type: "endDate", endDate: "2026-11-30" },
      ["11-23", "11-26", "11-30"],
    ],
    [
      "absoluteMonthly",
      { type: "absoluteMonthly", interval: 1, dayOfMonth: 23 },
      { type: "numbered", numberOfOccurrences: 2 },
      ["11-23", "12-23"],
    ],
    [
      "relativeMonthly",
      { type: "relativeMonthly", interval: 1, daysOfWeek: ["monday"], index: "fourth" },
      { type: "numbered", numberOfOccurrences: 2 },
      ["11-23", "12-28"],
    ],
    [
      "absoluteYearly",
      { type: "absoluteYearly", interval: 1, month: 11, dayOfMonth: 23 },
      { type: "endDate", endDate: "2027-01-01" },
      ["11-23"],
    ],
    [
      "relativeYearly",
      { type: "relativeYearly", interval: 1, month: 11, daysOfWeek: ["monday"], index: "fourth" },
      { type: "noEnd" },
      ["11-23"],
    ],
  ])("makes a %s series, told again as it was written", async (type, pattern, range, expected) => {
    const { client } = await givenBob();
    const recurrence = { pattern, range: { ...range, startDate: "2026-11-23" } };
    const { id, type: kind, ...series } = await client.create("/me/events", hour("2026-11-23", { recurrence }));
    expect(kind).toBe("seriesMaster");
    expect(series.recurrence).toMatchObject({ pattern: { ...pattern, type }, range });
    expect(starts(await instances(client, id))).toEqual(expected.map((day) => `2026-${day}T08:00`));
  });

  test("twice under one transactionId is refused, and names the event where the service does", async () => {
    const { simulator, client } = await givenBob();
    const event = hour("2026-11-23", { transactionId: "t-1" });
    const { id } = await client.create("/me/events", event);
    const conflict = await graphRefusal(client.create("/me/events", event));
    expect(conflict).toMatchObject({ status: 409, code: "ErrorDuplicateTransactionId" });
    expect(conflict.body).not.toHaveProperty("@event.existingEventId");
    simulator.control.setScenario({ duplicateTransactionStatus: 400, hasExistingEventId: true });
    const named = await graphRefusal(client.create("/me/events", event));
    expect(named).toMatchObject({
      status: 400,
      code: "ErrorDuplicateTransactionId",
      body: { "@event.existingEventId": id },
    });
    await client.remove(`/me/events/${id}`);
    expect(await graphRefusal(client.create("/me/events", event))).toMatchObject({
      code: "ErrorDuplicateTransactionId",
    });
    await client.create("/me/events", hour("2026-11-23", { transactionId: "t-2" }));
    expect((await client.get("EventList", "/me/events")).value).toHaveLength(1);
  });

  test.each<[string, object, string]>([
    ["no start", { subject: "x" }, "ErrorPropertyValidationFailure"],
    [
      "an end before the start",
      hour("2026-11-23", { end: { dateTime: "2026-11-22T09:00:00", timeZone: zurich } }),
      "ErrorPropertyValidationFailure",
    ],
    [
      "what is no time",
      hour("2026-11-23", { start: { dateTime: "soon", timeZone: zurich } }),
      "ErrorPropertyValidationFailure",
    ],
    [
      "an unknown zone",
      hour("2026-11-23", { start: { dateTime: "2026-11-23T09:00:00", timeZone: "Moon" } }),
      "TimeZoneNotSupportedException",
    ],
    ["no zone", hour("2026-11-23", { start: { dateTime: "2026-11-23T09:00:00" } }), "TimeZoneNotSupportedException"],
    [
      "an all-day event in the middle of a day",
      hour("2026-11-23", { isAllDay: true }),
      "ErrorPropertyValidationFailure",
    ],
    [
      "an all-day event in two zones",
      { ...days("2026-12-24", "2026-12-25"), end: { dateTime: "2026-12-25T00:00:00", timeZone: "UTC" } },
      "ErrorPropertyValidationFailure",
    ],
    ["an all-day event without length", days("2026-12-24", "2026-12-24"), "ErrorInvalidRequest"],
    [
      "a weekly series on no day",
      hour("2026-11-23", {
        recurrence: { pattern: { type: "weekly", interval: 1 }, range: { type: "noEnd", startDate: "2026-11-23" } },
      }),
      "ErrorPropertyValidationFailure",
    ],
    ["a series that begins on another day", hour("2026-11-23", weekly("2026-11-30")), "ErrorPropertyValidationFailure"],
    [
      "an unknown pattern",
      hour("2026-11-23", { recurrence: { pattern: { type: "hourly", interval: 1 } } }),
      "RequestBodyRead",
    ],
    ["a value of another type", hour("2026-11-23", { subject: 5 }), "RequestBodyRead"],
    [
      "an extended property without a type",
      hour("2026-11-23", { singleValueExtendedProperties: [{ id: "x", value: "y" }] }),
      "ErrorPropertyValidationFailure",
    ],
  ])("is refused with 400 for %s, and leaves nothing", async (_, event, code) => {
    const { client } = await givenBob();
    expect(await graphRefusal(client.create("/me/events", event))).toMatchObject({ status: 400, code });
    expect((await client.get("EventList", "/me/events")).value).toEqual([]);
  });
});

describe("extended properties and UIDs", () => {
  const property = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name origin";

  test("are kept with the event, found by filter and told where they are asked for", async () => {
    const { client } = await givenBob();
    const values = { singleValueExtendedProperties: [{ id: property, value: "it's 17" }] };
    const { id, iCalUId } = await client.create("/me/events", hour("2026-11-23", values));
    await client.create("/me/events", hour("2026-11-24"));
    const found = async (filter: string) =>
      (await client.get("EventList", `/me/events?$filter=${encodeURIComponent(filter)}`)).value.map(
        (event) => event.id,
      );
    const filter = (value: string) =>
      `singleValueExtendedProperties/Any(ep: ep/id eq '${property}' and ep/value eq '${value}')`;
    expect(await found(filter("it''s 17"))).toEqual([id]);
    expect(await found(filter("18"))).toEqual([]);
    expect(await found(`iCalUId eq '${iCalUId}'`)).toEqual([id]);
    const expand = `$expand=${encodeURIComponent(`singleValueExtendedProperties($filter=id eq '${property}')`)}`;
    expect(await client.get("SingleEvent", `/me/events/${id}?${expand}`)).toMatchObject(values);
    expect((await client.get("EventList", `/me/events?${expand}`)).value[1]).toMatchObject(values);
    expect(await client.get("SingleEvent", `/me/events/${id}`)).not.toHaveProperty("singleValueExtendedProperties");
    await client.change(`/me/events/${id}`, { singleValueExtendedProperties: [{ id: property, value: "18" }] });
    expect(await found(filter("18"))).toEqual([id]);
  });
});

describe("changing", () => {
  test("keeps what it does not name, takes away what is null, and gives a new version", async () => {
    const { client } = await givenBob();
    const before = await client.create(
      "/me/events",
      hour("2026-11-23", { location: { displayName: "Zürich" }, transactionId: "t" }),
    );
    const { deltaLink } = await client.round();
    const after = await client.change(`/me/events/${before.id}`, { subject: "Changed", location: null });
    expect(after).toMatchObject({
      id: before.id,
      subject: "Changed",
      location: { displayName: "" },
      transactionId: "t",
    });
    expect(after.start).toEqual(before.start);
    expect(after["@odata.etag"]).not.toBe(before["@odata.etag"]);
    expect(after.changeKey).not.toBe(before.changeKey);
    expect((await client.round(deltaLink)).items).toMatchObject([{ id: before.id, subject: "Changed" }]);
  });

  test("moves an event, and makes an all-day event of it", async () => {
    const { client } = await givenBob();
    const { id } = await client.create("/me/events", hour("2026-11-23"));
    const later = { start: { dateTime: "2026-11-23T09:30:00", timeZone: zurich } };
    expect(starts([await client.change(`/me/events/${id}`, later)])).toEqual(["2026-11-23T08:30"]);
    const day = await client.change(`/me/events/${id}`, days("2026-11-24", "2026-11-25"));
    expect(day).toMatchObject({ isAllDay: true, start: { dateTime: "2026-11-24T00:00:00.0000000" } });
    expect(await graphRefusal(client.change(`/me/events/${id}`, later))).toMatchObject({ status: 400 });
  });

  test("of an instance makes an exception, which stays between its neighbours", async () => {
    const { client } = await givenBob();
    const { id } = await client.create("/me/events", hour("2026-11-23", weekly("2026-11-23")));
    const [first, second, third] = await instances(client, id);
    const to = (day: string) => hour(day);
    const path = `/me/events/${second?.id ?? ""}`;
    expect(await client.change(path, to("2026-12-02"))).toMatchObject({ type: "exception", seriesMasterId: id });
    expect(starts(await instances(client, id))).toEqual(["2026-11-23T08:00", "2026-12-02T08:00", "2026-12-07T08:00"]);
    const crossing = { status: 400, code: "ErrorOccurrenceCrossingBoundary" };
    for (const day of ["2026-11-22", "2026-11-23", "2026-12-07", "2026-12-10"])
      expect(await graphRefusal(client.change(path, to(day)))).toMatchObject(crossing);
    expect(await graphRefusal(client.change(`/me/events/${first?.id ?? ""}`, to("2026-12-02")))).toMatchObject(
      crossing,
    );
    await client.remove(`/me/events/${third?.id ?? ""}`);
    expect(starts([await client.change(path, to("2026-12-10"))])).toEqual(["2026-12-10T08:00"]);
    const daily = {
      recurrence: { pattern: { type: "daily", interval: 1 }, range: { type: "noEnd", startDate: "2026-12-10" } },
    };
    expect(await graphRefusal(client.change(path, daily))).toMatchObject({ status: 400 });
  });

  test("makes a series of a single event, and changes the rule of a series", async () => {
    const { client } = await givenBob();
    const { id } = await client.create("/me/events", hour("2026-11-23"));
    expect(await client.change(`/me/events/${id}`, weekly("2026-11-23"))).toMatchObject({ type: "seriesMaster" });
    await client.change(`/me/events/${id}`, weekly("2026-11-23", 2));
    expect(await instances(client, id)).toHaveLength(2);
    expect(await graphRefusal(client.change(`/me/events/${id}`, { recurrence: null }))).toMatchObject({ status: 400 });
  });

  test("of another version than If-Match names is refused with 412", async () => {
    const { client } = await givenBob();
    const event = await client.create("/me/events", hour("2026-11-23"));
    const path = `/me/events/${event.id}`;
    const headers = { "If-Match": event["@odata.etag"] };
    const { "@odata.etag": current } = await client.change(path, { subject: "Second" }, headers);
    const stale = { status: 412, code: "ErrorIrresolvableConflict" };
    expect(await graphRefusal(client.change(path, { subject: "Third" }, headers))).toMatchObject(stale);
    expect(await graphRefusal(client.remove(path, headers))).toMatchObject(stale);
    expect((await client.get("SingleEvent", path)).subject).toBe("Second");
    await client.remove(path, { "If-Match": current });
  });
});

describe("deleting", () => {
  test("answers 204, a second time 404, and is told to whoever follows", async () => {
    const { client } = await givenBob();
    const { id } = await client.create("/me/events", hour("2026-11-23"));
    const { deltaLink } = await client.round();
    await client.remove(`/me/events/${id}`);
    const gone = { status: 404, code: "ErrorItemNotFound" };
    expect(await graphRefusal(client.remove(`/me/events/${id}`))).toMatchObject(gone);
    expect(await graphRefusal(client.change(`/me/events/${id}`, { subject: "x" }))).toMatchObject(gone);
    expect((await client.round(deltaLink)).items).toMatchObject([{ id, "@removed": { reason: "deleted" } }]);
  });

  test("takes one instance out of a series, or the series with all of them", async () => {
    const { client } = await givenBob();
    const { id } = await client.create("/me/events", hour("2026-11-23", weekly("2026-11-23")));
    const [first] = await instances(client, id);
    await client.remove(`/me/events/${first?.id ?? ""}`);
    expect(await instances(client, id)).toHaveLength(2);
    await client.remove(`/me/events/${id}`);
    expect(kinds(await client.round())).toEqual([]);
  });
});

describe("who may write", () => {
  test("nobody in a calendar that is shared for reading, and no token for reading", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC", accessRole: "reader" });
    const calendar = simulator.control.externalCalendarId(bob, "team");
    const event = simulator.control.createEvent(bob, hourOn("2026-11-23"), "team");
    const path = `/me/events/${simulator.control.externalEventId(bob, event.id, "team")}`;
    const denied = { status: 403, code: "ErrorAccessDenied" };
    expect(await graphRefusal(client.create(`/me/calendars/${calendar}/events`, hour("2026-11-23")))).toMatchObject(
      denied,
    );
    expect(await graphRefusal(client.change(path, { subject: "x" }))).toMatchObject(denied);
    expect(await graphRefusal(client.remove(path))).toMatchObject(denied);
    const reading = new GraphClient(simulator, simulator.control.issueAccessToken(bob, { scopes: ["Calendars.Read"] }));
    expect(await graphRefusal(reading.create("/me/events", hour("2026-11-23")))).toMatchObject(denied);
    expect((await reading.get("EventList", "/me/events")).value).toEqual([]);
  });
});

describe("an answer that is lost after the change", () => {
  test.each([
    ["a connection that breaks", { destroy: true }],
    ["a 503", { status: 503, body: { error: { code: "ErrorServerBusy", message: "Busy" } } }],
  ])("by %s leaves the change in the mailbox", async (_, effect) => {
    const { simulator, client } = await givenBob();
    const lose = (method: string) => simulator.control.addFault({ match: { method }, when: "after", then: effect });
    const event = hour("2026-11-23", { transactionId: "t-1" });
    lose("POST");
    await expect(client.create("/me/events", event)).rejects.toThrow();
    expect(await graphRefusal(client.create("/me/events", event))).toMatchObject({ status: 409 });
    const [created, ...others] = (await client.get("EventList", "/me/events")).value;
    expect(others).toEqual([]);
    const path = `/me/events/${created?.id ?? ""}`;
    lose("PATCH");
    await expect(client.change(path, { subject: "Second" })).rejects.toThrow();
    expect((await client.get("SingleEvent", path)).subject).toBe("Second");
    lose("DELETE");
    await expect(client.remove(path)).rejects.toThrow();
    expect(await graphRefusal(client.remove(path))).toMatchObject({ status: 404 });
  });
});
