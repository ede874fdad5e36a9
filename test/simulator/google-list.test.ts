import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, clientOf, dayOn, givenAnn, hourOn, present } from "./given.js";
import { ids, refusalOf } from "./google-client.js";

function giveDays(simulator: Simulator, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const day = new Date(present + index * 86_400_000).toISOString().slice(0, 10);
    return simulator.control.createEvent(ann, hourOn(day, `Day ${index}`)).id;
  });
}

describe("pages", () => {
  test("hold as many events as asked for, and only the last names the sync token", async () => {
    const { simulator, client } = await givenAnn();
    const created = giveDays(simulator, 25);
    const { items, pages, syncToken } = await client.list({ maxResults: 10 });
    expect(ids(items)).toEqual(created);
    expect(pages).toBe(3);
    expect(syncToken).not.toBeNull();
  });

  test("are 250 events long when nothing is asked for, and never longer than 2500", async () => {
    const { simulator, client } = await givenAnn();
    giveDays(simulator, 2600);
    expect((await client.page()).items).toHaveLength(250);
    expect((await client.page({ maxResults: 9999 })).items).toHaveLength(2500);
  });

  test.each(["short", "empty"] as const)("may be %s and still lead to everything", async (pages) => {
    const { simulator, client } = await givenAnn();
    const created = giveDays(simulator, 7);
    simulator.control.setScenario({ pages });
    const first = await client.page({ maxResults: 4 });
    expect(first.items).toHaveLength(pages === "empty" ? 0 : 2);
    expect(first.nextPageToken).toBeDefined();
    expect(ids((await client.list({ maxResults: 4 })).items)).toEqual(created);
  });

  test("may repeat an event", async () => {
    const { simulator, client } = await givenAnn();
    const created = giveDays(simulator, 7);
    simulator.control.setScenario({ hasDuplicates: true });
    const { items } = await client.list({ maxResults: 3 });
    expect(items.length).toBeGreaterThan(7);
    expect([...new Set(ids(items))]).toEqual(created);
  });

  test("may go on without end, with a new token or with the same one", async () => {
    const { simulator, client } = await givenAnn();
    giveDays(simulator, 3);
    simulator.control.setScenario({ pages: "endless" });
    await expect(client.list()).rejects.toThrow("does not end");
    simulator.control.setScenario({ pages: "repeated" });
    const { nextPageToken } = await client.page({ maxResults: 1 });
    expect((await client.page({ maxResults: 1, pageToken: nextPageToken ?? "" })).nextPageToken).toBe(nextPageToken);
  });

  test("are refused when the query has changed, and for a token that is none", async () => {
    const { simulator, client } = await givenAnn();
    giveDays(simulator, 3);
    const { nextPageToken } = await client.page({ maxResults: 1 });
    const changed = await refusalOf(client.page({ pageToken: nextPageToken ?? "", singleEvents: true }));
    expect(changed).toMatchObject({ status: 400, reason: "invalid" });
    expect(await refusalOf(client.page({ pageToken: "nonsense" }))).toMatchObject({ status: 400, reason: "invalid" });
  });

  test("lose nothing that exists, when events change between them", async () => {
    const { simulator, client } = await givenAnn();
    const created = giveDays(simulator, 6);
    const first = await client.page({ maxResults: 3 });
    simulator.control.updateEvent(ann, created[1] ?? "", { title: "Changed" });
    simulator.control.updateEvent(ann, created[5] ?? "", { title: "Changed" });
    const second = await client.page({ maxResults: 3, pageToken: first.nextPageToken ?? "" });
    expect(ids([...(first.items ?? []), ...(second.items ?? [])])).toEqual(created);
    const { items } = await client.list({ syncToken: second.nextSyncToken ?? "" });
    expect(ids(items)).toEqual([created[1], created[5]]);
  });

  test.each(["startTime", "updated"] as const)("sorted by %s lose nothing that stays as it is", async (orderBy) => {
    const { simulator, client } = await givenAnn();
    const created = giveDays(simulator, 6);
    const query = { orderBy, singleEvents: true, maxResults: 2 };
    const first = await client.page(query);
    simulator.control.deleteEvent(ann, created[0] ?? "");
    const second = await client.page({ ...query, pageToken: first.nextPageToken ?? "" });
    await client.page({ orderBy: "updated" });
    const third = await client.page({ ...query, pageToken: second.nextPageToken ?? "" });
    expect(ids([...(first.items ?? []), ...(second.items ?? []), ...(third.items ?? [])])).toEqual(created);
  });

  test("of a calendar with 100,000 events are all there", async () => {
    const { simulator, client } = await givenAnn();
    for (let index = 0; index < 100_000; index += 1) simulator.control.createEvent(ann, hourOn("2026-11-23"));
    const page = await client.page({ maxResults: 2500, singleEvents: true });
    expect(page.items).toHaveLength(2500);
    expect(
      (
        await client.api.events.list({
          calendarId: "primary",
          maxResults: 2500,
          pageToken: page.nextPageToken ?? "",
          singleEvents: true,
        })
      ).data.items,
    ).toHaveLength(2500);
  });
});

describe("the time range", () => {
  test("takes what ends after timeMin and starts before timeMax, both exclusive", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.createEvent(ann, hourOn("2026-11-23"));
    const count = async (timeMin: string, timeMax: string) => (await client.list({ timeMin, timeMax })).items.length;
    expect(await count("2026-11-23T08:30:00Z", "2026-11-23T08:45:00Z")).toBe(1);
    expect(await count("2026-11-23T09:00:00Z", "2026-11-24T00:00:00Z")).toBe(0);
    expect(await count("2026-11-22T00:00:00Z", "2026-11-23T08:00:00Z")).toBe(0);
    expect(await count("2026-11-22T00:00:00+01:00", "2026-11-23T09:00:01+01:00")).toBe(1);
  });

  test.each([
    [{ timeMin: "2026-11-23T00:00:00" }, "invalid"],
    [{ timeMin: "2026-11-23" }, "invalid"],
    [{ timeMax: "yesterday" }, "invalid"],
    [{ timeMin: "2026-11-23T00:00:00Z", timeMax: "2026-11-23T00:00:00Z" }, "timeRangeEmpty"],
    [{ timeMin: "2026-11-23T00:00:00Z", timeMax: "2026-11-22T00:00:00Z" }, "timeRangeEmpty"],
    [{ orderBy: "startTime" }, "badRequest"],
    [{ orderBy: "title" }, "invalid"],
    [{ maxResults: 0 }, "invalid"],
    [{ eventTypes: ["party"] }, "invalid"],
    [{ timeZone: "Mars/Olympus" }, "invalid"],
    [{ privateExtendedProperty: ["nonsense"] }, "invalid"],
  ])("%j is refused as %s", async (parameters, reason) => {
    const { client } = await givenAnn();
    expect(await refusalOf(client.page(parameters))).toMatchObject({ status: 400, reason });
  });

  test("takes a series when one of its instances lies in it", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.createEvent(ann, { ...hourOn("2026-01-05"), recurrence: ["RRULE:FREQ=WEEKLY"] });
    const range = { timeMin: "2026-11-23T00:00:00Z", timeMax: "2026-11-24T00:00:00Z" };
    expect((await client.list(range)).items.map(({ recurrence }) => recurrence)).toEqual([["RRULE:FREQ=WEEKLY"]]);
    expect((await client.list({ timeMin: "2026-11-24T00:00:00Z", timeMax: "2026-11-25T00:00:00Z" })).items).toEqual([]);
    const { items } = await client.list({ ...range, singleEvents: true });
    expect(items.map(({ start }) => start?.dateTime)).toEqual(["2026-11-23T09:00:00+01:00"]);
  });
});

describe("filters", () => {
  test("by iCalUID, properties, words and event types", async () => {
    const { simulator, client } = await givenAnn();
    const one = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23", "Board meeting"),
      uid: "u1",
      privateProperties: { a: "1", b: "2" },
    });
    const two = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-24", "Lunch"),
      location: "Board room",
      sharedProperties: { c: "3" },
      eventType: "focusTime",
    });
    const found = async (parameters: object) => ids((await client.list(parameters)).items);
    expect(await found({ iCalUID: "u1" })).toEqual([one.id]);
    expect(await found({ privateExtendedProperty: ["a=1", "b=2"] })).toEqual([one.id]);
    expect(await found({ privateExtendedProperty: ["a=1", "b=3"] })).toEqual([]);
    expect(await found({ sharedExtendedProperty: ["c=3"] })).toEqual([two.id]);
    expect(await found({ q: "board" })).toEqual([one.id, two.id]);
    expect(await found({ q: "board lunch" })).toEqual([two.id]);
    expect(await found({ eventTypes: ["focusTime"] })).toEqual([two.id]);
    expect(await found({ eventTypes: ["focusTime", "default"] })).toEqual([one.id, two.id]);
  });

  test("by the time of the last change, deletions included", async () => {
    const { simulator, client } = await givenAnn();
    const [, second = "", third = ""] = giveDays(simulator, 3);
    simulator.control.advanceClock(60_000);
    simulator.control.updateEvent(ann, third, { title: "New" });
    simulator.control.cancelEvent(ann, second);
    const { items } = await client.list({ updatedMin: "2026-11-20T12:00:30Z" });
    expect(ids(items)).toEqual([second, third]);
    const refusal = await refusalOf(client.list({ updatedMin: "2026-01-01T00:00:00Z" }));
    expect(refusal).toMatchObject({ status: 410, reason: "updatedMinTooLongAgo" });
  });

  test("maxAttendees leaves only the calendar's own attendee", async () => {
    const { simulator, client } = await givenAnn();
    const attendees = [ann, "b@example.com", "c@example.com"].map((email) => ({ email }));
    simulator.control.createEvent(ann, { ...hourOn("2026-11-23"), attendees });
    const [event] = (await client.list({ maxAttendees: 2 })).items;
    expect(event).toMatchObject({ attendeesOmitted: true, attendees: [{ email: ann, self: true }] });
  });
});

describe("the order", () => {
  test("by start or by change is kept over pages, and gives no sync token", async () => {
    const { simulator, client } = await givenAnn();
    for (const day of ["2026-11-25", "2026-11-23", "2026-11-24"]) simulator.control.createEvent(ann, hourOn(day, day));
    const byStart = await client.list({ orderBy: "startTime", singleEvents: true, maxResults: 2 });
    expect(byStart.items.map(({ summary }) => summary)).toEqual(["2026-11-23", "2026-11-24", "2026-11-25"]);
    expect(byStart.syncToken).toBeNull();
    const byUpdate = await client.list({ orderBy: "updated" });
    expect(byUpdate.items.map(({ summary }) => summary)).toEqual(["2026-11-25", "2026-11-23", "2026-11-24"]);
    expect(byUpdate.syncToken).toBeNull();
  });
});

describe("times", () => {
  test("are printed in the calendar's zone or the one asked for, and name the event's own", async () => {
    const { simulator, client } = await givenAnn();
    const start = { dateTime: "2026-11-23T09:00:00", timeZone: "America/New_York" };
    simulator.control.createEvent(ann, { title: "Call", start, end: { ...start, dateTime: "2026-11-23T10:00:00" } });
    const [own] = (await client.list()).items;
    expect(own?.start).toEqual({ dateTime: "2026-11-23T15:00:00+01:00", timeZone: "America/New_York" });
    const page = await client.page({ timeZone: "Asia/Kathmandu" });
    expect(page.timeZone).toBe("Asia/Kathmandu");
    expect(page.items?.[0]?.start?.dateTime).toBe("2026-11-23T19:45:00+05:45");
  });

  test("of all-day events are days, with the end after the last", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.createEvent(ann, dayOn("2026-12-24", "2026-12-27"));
    const [event] = (await client.list({ singleEvents: true })).items;
    expect([event?.start, event?.end]).toEqual([{ date: "2026-12-24" }, { date: "2026-12-27" }]);
  });
});

describe("the calendar list", () => {
  test("has pages and a sync token, and tells of added and removed calendars", async () => {
    const { simulator, client } = await givenAnn();
    for (const name of ["a", "b", "c"])
      simulator.control.addCalendar({ account: ann, id: `${name}@example.com`, name, timeZone: "UTC" });
    const first = (await client.api.calendarList.list({ maxResults: 3 })).data;
    expect(first.items).toHaveLength(3);
    expect(first.nextSyncToken).toBeUndefined();
    const second = (await client.api.calendarList.list({ maxResults: 3, pageToken: first.nextPageToken ?? "" })).data;
    expect(second.items?.map(({ id }) => id)).toEqual(["c@example.com"]);
    simulator.control.removeCalendar(ann, "a@example.com");
    const syncToken = second.nextSyncToken ?? "";
    const delta = (await client.api.calendarList.list({ syncToken })).data;
    expect(delta.items?.map(({ id, deleted }) => [id, deleted])).toEqual([["a@example.com", true]]);
    expect(await refusalOf(client.page({ calendarId: "a@example.com" }))).toMatchObject({
      status: 404,
      reason: "notFound",
    });
    simulator.control.expireSyncTokens(ann);
    expect(await refusalOf(client.api.calendarList.list({ syncToken }))).toMatchObject({
      status: 410,
      reason: "fullSyncRequired",
    });
  });
});

describe("refusals", () => {
  test("a calendar or event that is not there is not found, whoever asks", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.addAccount("bob@example.com");
    expect(await refusalOf(client.page({ calendarId: "bob@example.com" }))).toMatchObject({
      status: 404,
      reason: "notFound",
    });
    expect(await refusalOf(client.get("nothere"))).toMatchObject({ status: 404, reason: "notFound" });
    expect((await clientOf(simulator, "bob@example.com").page()).items).toEqual([]);
  });

  test("a token that is none, has expired or was revoked is unauthenticated; a scope that is missing is insufficient", async () => {
    const { simulator, client } = await givenAnn();
    const narrow = simulator.control.issueAccessToken(ann, {
      scopes: ["https://www.googleapis.com/auth/calendar.calendarlist.readonly"],
    });
    const get = async (token: string): Promise<unknown> => {
      const url = `${simulator.googleApiUrl}calendar/v3/calendars/primary/events`;
      return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json();
    };
    expect(await get("nonsense")).toMatchObject({
      error: { code: 401, status: "UNAUTHENTICATED", errors: [{ reason: "authError" }] },
    });
    expect(await get(narrow)).toMatchObject({
      error: {
        code: 403,
        status: "PERMISSION_DENIED",
        errors: [{ reason: "insufficientPermissions" }],
        details: [{ reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }],
      },
    });
    simulator.control.setRevoked(ann, true);
    expect((await refusalOf(client.page())).status).toBe(401);
    simulator.control.setRevoked(ann, false);
    expect((await client.page()).items).toEqual([]);
    simulator.control.advanceClock(3_600_000);
    expect((await refusalOf(client.page())).status).toBe(401);
  });

  test("come in the older style, the newer one, or both", async () => {
    const { simulator, client } = await givenAnn();
    const keys = async (errorStyle: "both" | "older" | "newer") => {
      simulator.control.setScenario({ errorStyle });
      const { body } = await refusalOf(client.get("nothere"));
      return Object.keys((body as { error: object }).error).sort();
    };
    expect(await keys("older")).toEqual(["code", "errors", "message"]);
    expect(await keys("newer")).toEqual(["code", "message", "status"]);
    expect(await keys("both")).toEqual(["code", "errors", "message", "status"]);
  });

  test("an unchanged list is not sent again", async () => {
    const { simulator } = await givenAnn();
    const authorization = `Bearer ${simulator.control.issueAccessToken(ann)}`;
    const url = `${simulator.googleApiUrl}calendar/v3/calendars/primary/events`;
    const etag = (await fetch(url, { headers: { authorization } })).headers.get("etag") ?? "";
    expect((await fetch(url, { headers: { authorization, "if-none-match": etag } })).status).toBe(304);
    simulator.control.createEvent(ann, hourOn("2026-11-23"));
    expect((await fetch(url, { headers: { authorization, "if-none-match": etag } })).status).toBe(200);
  });

  test("changing a calendar itself is not part of it", async () => {
    const { client } = await givenAnn();
    const change = client.api.calendars.patch({ calendarId: "primary", requestBody: { summary: "x" } });
    expect((await refusalOf(change)).status).toBe(405);
  });
});
