import { describe, expect, test } from "@jest/globals";
import { bob, dayOn, givenBob, givenWeekly, hourOn } from "./given.js";
import { firstLink, graphRefusal, immutable, window } from "./graph-client.js";

const query = `startDateTime=${window.from}&endDateTime=${window.to}`;

describe("times", () => {
  test("are in UTC, or in the zone that the client prefers, by its Windows or IANA name", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, hourOn("2026-11-23"));
    const start = async (prefer: string) =>
      (await client.get("EventList", `/me/calendarView?${query}`, prefer)).value[0]?.start;
    expect(await start("")).toEqual({ dateTime: "2026-11-23T08:00:00.0000000", timeZone: "UTC" });
    for (const timeZone of ["Pacific Standard Time", "America/Los_Angeles"]) {
      expect(await start(`outlook.timezone="${timeZone}"`)).toEqual({
        dateTime: "2026-11-23T00:00:00.0000000",
        timeZone,
      });
    }
    const { items } = await client.round(firstLink(), 'outlook.timezone="Tokyo Standard Time"');
    expect(items).toMatchObject([
      { start: { dateTime: "2026-11-23T17:00:00.0000000", timeZone: "Tokyo Standard Time" } },
    ]);
  });

  test("of whole days are from midnight to midnight in every zone", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, dayOn("2026-12-24", "2026-12-27"));
    for (const timeZone of ["UTC", "Tokyo Standard Time", "America/Los_Angeles"]) {
      const { value } = await client.get("EventList", "/me/events", `outlook.timezone="${timeZone}"`);
      expect(value).toMatchObject([
        {
          isAllDay: true,
          start: { dateTime: "2026-12-24T00:00:00.0000000", timeZone },
          end: { dateTime: "2026-12-27T00:00:00.0000000", timeZone },
        },
      ]);
    }
  });

  test("in a zone that does not exist are refused", async () => {
    const { client } = await givenBob();
    const refusal = await graphRefusal(client.get("EventList", "/me/events", 'outlook.timezone="Mars Standard Time"'));
    expect(refusal).toMatchObject({ status: 400, code: "TimeZoneNotSupportedException" });
  });

  test.each([
    ["windows", "W. Europe Standard Time"],
    ["iana", "Europe/Zurich"],
    ["custom", "tzone://Microsoft/Custom"],
  ] as const)("were made in a zone named by its %s name", async (originalTimeZone, expected) => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, hourOn("2026-11-23"));
    simulator.control.setScenario({ originalTimeZone });
    const { value } = await client.get("EventList", "/me/events");
    expect(value[0]?.originalStartTimeZone).toBe(expected);
  });

  test("of a mailbox are in the zone that its owner sets; events keep theirs", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, hourOn("2026-11-23"));
    simulator.control.setTimeZone(bob, "Asia/Tokyo");
    expect((await client.get("OwnSettings", "/me/mailboxSettings")).timeZone).toBe("Tokyo Standard Time");
    expect((await client.get("EventList", "/me/events")).value[0]?.originalStartTimeZone).toBe(
      "W. Europe Standard Time",
    );
    expect(() => {
      simulator.control.setTimeZone(bob, "Mars/Olympus");
    }).toThrow("unknown time zone");
  });
});

describe("what an event says", () => {
  test.each([
    [{ status: "tentative" as const }, { showAs: "tentative" }],
    [{ transparency: "transparent" }, { showAs: "free" }],
    [{}, { showAs: "busy", sensitivity: "normal", isOrganizer: true, subject: "Meeting", isCancelled: false }],
    [{ visibility: "private" }, { sensitivity: "private" }],
    [{ visibility: "confidential" }, { sensitivity: "confidential" }],
    [{ title: undefined }, { subject: null }],
    [{ organizerEmail: "ann@example.com" }, { isOrganizer: false, responseStatus: { response: "notResponded" } }],
    [
      { organizerEmail: "ann@example.com", attendees: [{ email: bob, responseStatus: "tentative" as const }] },
      { responseStatus: { response: "tentativelyAccepted" } },
    ],
    [{ description: "a < b" }, { body: { contentType: "html", content: expect.stringContaining("a &lt; b") } }],
  ])("%j is told as %j", async (input, expected) => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, { ...hourOn("2026-11-23"), ...input });
    expect((await client.get("EventList", "/me/events")).value).toMatchObject([expected]);
  });

  test("may be had as plain text", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, { ...hourOn("2026-11-23"), description: "a < b" });
    const { value } = await client.get("EventList", "/me/events", 'outlook.body-content-type="text"');
    expect(value[0]?.body).toEqual({ contentType: "text", content: "a < b" });
  });

  test("is hidden where only free and busy times are shared", async () => {
    const { simulator, client } = await givenBob();
    const boss = { account: bob, id: "boss", name: "Boss", timeZone: "UTC", accessRole: "freeBusyReader" as const };
    simulator.control.addCalendar(boss);
    simulator.control.createEvent(bob, { ...hourOn("2026-11-23", "Secret"), location: "Here" }, "boss");
    const path = `/me/calendars/${simulator.control.externalCalendarId(bob, "boss")}`;
    expect(JSON.stringify((await client.round(firstLink(path))).items)).not.toMatch(/Secret|Here/);
  });

  test("changes its etag with every change", async () => {
    const { simulator, client } = await givenBob();
    const { id } = simulator.control.createEvent(bob, hourOn("2026-11-23"));
    const etag = async () => (await client.get("EventList", "/me/events")).value[0]?.["@odata.etag"];
    const first = await etag();
    expect(await etag()).toBe(first);
    simulator.control.updateEvent(bob, id, { title: "Other" });
    expect(await etag()).not.toBe(first);
  });
});

describe("recurrences", () => {
  const usual = { interval: 1, month: 0, dayOfMonth: 0, firstDayOfWeek: "sunday", index: "first" };
  const noEnd = { type: "noEnd", endDate: "0001-01-01", numberOfOccurrences: 0 };

  test.each([
    ["FREQ=DAILY;INTERVAL=2", { ...usual, type: "daily", interval: 2 }, noEnd],
    ["FREQ=DAILY;COUNT=3", { type: "daily" }, { type: "numbered", numberOfOccurrences: 3 }],
    [
      "FREQ=WEEKLY;WKST=MO;BYDAY=MO,WE",
      { type: "weekly", daysOfWeek: ["monday", "wednesday"], firstDayOfWeek: "monday" },
      noEnd,
    ],
    ["FREQ=WEEKLY", { type: "weekly", daysOfWeek: ["monday"] }, noEnd],
    ["FREQ=WEEKLY;UNTIL=20261231T230000Z", { type: "weekly" }, { type: "endDate", endDate: "2027-01-01" }],
    ["FREQ=MONTHLY", { type: "absoluteMonthly", dayOfMonth: 23 }, noEnd],
    ["FREQ=MONTHLY;BYMONTHDAY=31", { type: "absoluteMonthly", dayOfMonth: 31 }, noEnd],
    ["FREQ=MONTHLY;BYDAY=2TU", { type: "relativeMonthly", daysOfWeek: ["tuesday"], index: "second" }, noEnd],
    ["FREQ=MONTHLY;BYDAY=-1FR", { type: "relativeMonthly", daysOfWeek: ["friday"], index: "last" }, noEnd],
    [
      "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=3",
      { type: "relativeMonthly", daysOfWeek: ["monday", "tuesday"], index: "third" },
      noEnd,
    ],
    ["FREQ=YEARLY", { type: "absoluteYearly", month: 11, dayOfMonth: 23 }, noEnd],
    ["FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", { type: "relativeYearly", month: 11, index: "fourth" }, noEnd],
    ["FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", { type: "weekly", daysOfWeek: expect.arrayContaining(["friday"]) }, noEnd],
  ])("%s is a pattern and a range", async (rule, pattern, range) => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, { ...hourOn("2026-11-23"), recurrence: [`RRULE:${rule}`] });
    const { value } = await client.get("EventList", "/me/events");
    expect(value[0]?.recurrence).toMatchObject({
      pattern,
      range: { startDate: "2026-11-23", recurrenceTimeZone: "W. Europe Standard Time", ...range },
    });
  });

  test("that Graph has no words for are told by the nearest, with the right instances", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15,23;COUNT=3", "RDATE:20261225T090000", "EXDATE:20261201T090000"],
    });
    const [master] = (await client.get("EventList", "/me/events")).value;
    expect(master?.recurrence?.pattern).toMatchObject({ type: "absoluteMonthly", dayOfMonth: 1 });
    const { value } = await client.get("EventList", `/me/events/${master?.id ?? ""}/instances?${query}`);
    expect(value.map(({ start }) => start.dateTime.slice(0, 10))).toEqual(["2026-11-23", "2026-12-15", "2026-12-25"]);
  });

  test("have a wall-clock time, whatever the zone's offset becomes", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, { ...hourOn("2027-03-27"), recurrence: ["RRULE:FREQ=DAILY;COUNT=2"] });
    const { value } = await client.get("EventList", `/me/calendarView?${query}`);
    expect(value.map(({ start }) => start.dateTime.slice(11, 16))).toEqual(["08:00", "07:00"]);
  });
});

describe("lists", () => {
  test("of instances hold what a series has in a window, and nothing that was deleted", async () => {
    const { simulator, client } = await givenBob();
    const { id, instances } = givenWeekly(simulator);
    simulator.control.deleteEvent(bob, instances[0] ?? "");
    simulator.control.updateEvent(bob, instances[1] ?? "", { title: "Changed" });
    const path = `/me/events/${simulator.control.externalEventId(bob, id)}/instances`;
    const { value } = await client.get("EventList", `${path}?startDateTime=2026-11-01&endDateTime=2026-12-10`);
    expect(value.map(({ type, subject }) => [type, subject])).toEqual([
      ["exception", "Changed"],
      ["occurrence", "Weekly"],
    ]);
    expect((await graphRefusal(client.get("EventList", path))).code).toBe("ErrorInvalidParameter");
    const single = simulator.control.createEvent(bob, hourOn("2026-11-24"));
    const other = `/me/events/${simulator.control.externalEventId(bob, single.id)}/instances?${query}`;
    expect(await graphRefusal(client.get("EventList", other))).toMatchObject({
      status: 400,
      code: "ErrorInvalidRequest",
    });
  });

  test("come in pages, with a link to the next", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, { ...hourOn("2026-11-23"), recurrence: ["RRULE:FREQ=DAILY;COUNT=25"] });
    const sizes: number[] = [];
    let link: string | undefined = `/me/calendarView?${query}`;
    while (link !== undefined) {
      const page: { value: unknown[]; "@odata.nextLink"?: string } = await client.get("EventList", link);
      sizes.push(page.value.length);
      link = page["@odata.nextLink"];
    }
    expect(sizes).toEqual([10, 10, 5]);
    expect((await client.get("EventList", `/me/calendarView?${query}&$top=20&$skip=10`)).value).toHaveLength(15);
  });

  test("may be filtered by UID", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, { ...hourOn("2026-11-23", "Found"), uid: "it's" });
    simulator.control.createEvent(bob, hourOn("2026-11-24"));
    const { value } = await client.get("EventList", "/me/events?$filter=iCalUId eq 'it''s'");
    expect(value.map(({ subject }) => subject)).toEqual(["Found"]);
    const refusal = await graphRefusal(client.get("EventList", "/me/events?$filter=subject eq 'Found'"));
    expect(refusal).toMatchObject({ status: 400, code: "BadRequest" });
  });

  test("refuse what is not supported, and numbers that are none", async () => {
    const { client } = await givenBob();
    for (const option of ["$search=x", "$top=many", "$select=invented"]) {
      const call = client.get("CalendarList", `/me/calendars?${option}`);
      expect((await graphRefusal(call)).status).toBe(400);
    }
  });
});

describe("a single event", () => {
  test("may be asked for some properties, and a series for its deleted and changed instances", async () => {
    const { simulator } = await givenBob();
    const { id, instances } = givenWeekly(simulator);
    simulator.control.deleteEvent(bob, instances[0] ?? "");
    simulator.control.updateEvent(bob, instances[1] ?? "", { title: "Changed" });
    const seriesId = simulator.control.externalEventId(bob, id);
    const authorization = `Bearer ${simulator.control.issueAccessToken(bob)}`;
    const select = "$select=subject,cancelledOccurrences&$expand=exceptionOccurrences";
    const response = await fetch(`${simulator.microsoftApiUrl}/me/events/${seriesId}?${select}`, {
      headers: { authorization, prefer: immutable },
    });
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).toMatchObject({
      id: seriesId,
      subject: "Weekly",
      cancelledOccurrences: [`OID.${seriesId}.2026-11-23`],
      exceptionOccurrences: [{ subject: "Changed", type: "exception" }],
    });
    expect(body).not.toHaveProperty("start");
    expect(response.headers.get("etag")).toBe(body["@odata.etag"]);
  });

  test("is not found where it was deleted, never was, or is in another calendar", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const { id } = simulator.control.createEvent(bob, hourOn("2026-11-23"), "team");
    const team = `/me/calendars/${simulator.control.externalCalendarId(bob, "team")}`;
    const external = simulator.control.externalEventId(bob, id, "team");
    for (const path of ["/me", team]) await client.get("SingleEvent", `${path}/events/${external}`);
    const missing = async (path: string) => graphRefusal(client.get("SingleEvent", path));
    expect(await missing(`/me/calendar/events/${external}`)).toMatchObject({ status: 404, code: "ErrorItemNotFound" });
    simulator.control.deleteEvent(bob, external, "team");
    expect(await missing(`/me/events/${external}`)).toMatchObject({ status: 404, code: "ErrorItemNotFound" });
    expect(await missing("/me/events/nonsense")).toMatchObject({ status: 400, code: "ErrorInvalidIdMalformed" });
    simulator.control.removeCalendar(bob, "team");
    expect(await missing(`${team}/events/${external}`)).toMatchObject({ status: 404, code: "ErrorItemNotFound" });
  });
});

describe("answers", () => {
  async function answer(path: string, headers: Record<string, string> = {}, method = "GET") {
    const { simulator } = await givenBob();
    const authorization = `Bearer ${simulator.control.issueAccessToken(bob)}`;
    return fetch(`${simulator.microsoftApiUrl}/${path}`, { method, headers: { authorization, ...headers } });
  }

  test("have the documented content type, an id of their own and the client's", async () => {
    for (const path of ["me", "me/calendars/nonsense"]) {
      const { headers } = await answer(path, { "client-request-id": "mine" });
      expect(headers.get("content-type")).toBe(
        "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8",
      );
      expect(headers.get("client-request-id")).toBe("mine");
      expect(headers.get("request-id")).toMatch(/^[-0-9a-f]{36}$/);
    }
  });

  test("say which preferences were followed", async () => {
    const prefer = 'outlook.timezone="Asia/Tokyo", IdType="ImmutableId", odata.maxpagesize=3, respond-async';
    const { headers } = await answer("me/events", { prefer });
    expect(headers.get("preference-applied")).toBe(
      'outlook.timezone="Asia/Tokyo", IdType="ImmutableId", odata.maxpagesize=3',
    );
    expect((await answer("me/events")).headers.get("preference-applied")).toBeNull();
  });

  test.each([
    ["GET", "me/invented", 404],
    ["GET", "invented", 404],
    ["GET", "me/events/%", 404],
    ["PUT", "me/events", 405],
    ["DELETE", "me/calendar", 405],
    ["POST", "$batch", 404],
  ])("refuse %s %s with %i", async (method, path, status) => {
    const response = await answer(path, {}, method);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code: expect.any(String) } }]);
  });
});
