import { describe, expect, test } from "@jest/globals";
import { ann, dayOn, givenAnn, hourOn, present } from "./given.js";
import { ids, refusalOf } from "./google-client.js";
import type { GoogleClient, ListParameters } from "./google-client.js";

async function tokenOf(client: GoogleClient, parameters: ListParameters = {}): Promise<string> {
  const { syncToken } = await client.list(parameters);
  if (syncToken === null) throw new Error("The list has no sync token");
  return syncToken;
}

describe("changes since a sync token", () => {
  test("are what was created, changed or cancelled, in that order, each once", async () => {
    const { simulator, client } = await givenAnn();
    const [first, second, third] = ["2026-11-23", "2026-11-24", "2026-11-25"].map(
      (day) => simulator.control.createEvent(ann, hourOn(day)).id,
    );
    const syncToken = await tokenOf(client);
    expect((await client.list({ syncToken })).items).toEqual([]);
    simulator.control.updateEvent(ann, third ?? "", { title: "Later" });
    simulator.control.cancelEvent(ann, first ?? "");
    simulator.control.updateEvent(ann, third ?? "", { title: "Latest" });
    const { items } = await client.list({ syncToken });
    expect(items.map(({ id, summary, status }) => [id, summary, status])).toEqual([
      [first, undefined, "cancelled"],
      [third, "Latest", "confirmed"],
    ]);
    expect(ids(items)).not.toContain(second);
  });

  test("come in pages, with the new token on the last", async () => {
    const { simulator, client } = await givenAnn();
    const syncToken = await tokenOf(client);
    for (let day = 10; day < 20; day += 1) simulator.control.createEvent(ann, hourOn(`2026-12-${day}`));
    const { items, pages, syncToken: next } = await client.list({ syncToken, maxResults: 3 });
    expect([items.length, pages]).toEqual([10, 4]);
    expect((await client.list({ syncToken: next ?? "" })).items).toEqual([]);
  });

  test("made between its pages are told by the next token", async () => {
    const { simulator, client } = await givenAnn();
    const syncToken = await tokenOf(client);
    const [first, second] = ["2026-11-23", "2026-11-24"].map(
      (day) => simulator.control.createEvent(ann, hourOn(day)).id,
    );
    const page = await client.page({ syncToken, maxResults: 1 });
    simulator.control.updateEvent(ann, second ?? "", { title: "Changed meanwhile" });
    const last = await client.page({ syncToken, maxResults: 1, pageToken: page.nextPageToken ?? "" });
    const { items } = await client.list({ syncToken: last.nextSyncToken ?? "" });
    expect([ids(page.items ?? []), ids(last.items ?? []), ids(items)]).toEqual([[first], [], [second]]);
  });

  test("are not held to the time range of the list before", async () => {
    const { simulator, client } = await givenAnn();
    const syncToken = await tokenOf(client, { timeMin: "2026-11-01T00:00:00Z", timeMax: "2026-12-01T00:00:00Z" });
    const { id } = simulator.control.createEvent(ann, hourOn("2031-01-01"));
    expect(ids((await client.list({ syncToken })).items)).toEqual([id]);
  });

  test.each([
    { iCalUID: "u" },
    { orderBy: "updated" },
    { q: "x" },
    { timeMin: "2026-11-01T00:00:00Z" },
    { timeMax: "2026-11-01T00:00:00Z" },
    { updatedMin: "2026-11-19T00:00:00Z" },
    { privateExtendedProperty: ["a=1"] },
    { sharedExtendedProperty: ["a=1"] },
    { showDeleted: false },
  ])("cannot be asked for together with %j", async (parameters) => {
    const { client } = await givenAnn();
    const syncToken = await tokenOf(client);
    expect(await refusalOf(client.list({ syncToken, ...parameters }))).toMatchObject({
      status: 400,
      reason: "badRequest",
    });
  });

  test("need a token: anything else is invalid", async () => {
    const { client } = await givenAnn();
    const refusal = await refusalOf(client.list({ syncToken: "CPDAlvWDx70CEPDAlvWDx70CGAU=" }));
    expect(refusal).toMatchObject({
      status: 400,
      reason: "invalid",
      body: { error: { errors: [{ location: "syncToken" }] } },
    });
  });

  test("need a full list again when the history is gone, the calendar or the parameters are others", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.addCalendar({ account: ann, id: "other@example.com", name: "Other", timeZone: "UTC" });
    const syncToken = await tokenOf(client);
    const gone = {
      status: 410,
      reason: "fullSyncRequired",
      body: { error: { errors: [{ locationType: "parameter", location: "syncToken" }] } },
    };
    expect(await refusalOf(client.list({ syncToken, calendarId: "other@example.com" }))).toMatchObject(gone);
    expect(await refusalOf(client.list({ syncToken, singleEvents: true }))).toMatchObject(gone);
    expect(await refusalOf(client.list({ syncToken, eventTypes: ["default"] }))).toMatchObject(gone);
    simulator.control.expireSyncTokens(ann);
    expect(await refusalOf(client.list({ syncToken }))).toMatchObject(gone);
    expect((await client.list({ syncToken: await tokenOf(client) })).items).toEqual([]);
  });

  test("a list may come without a token", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.setScenario({ isWithoutSyncToken: true });
    expect((await client.list()).syncToken).toBeNull();
  });
});

describe("a cancelled event", () => {
  test("is in lists with showDeleted only, found by its id, and forgotten with the history", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, hourOn("2026-11-23"));
    simulator.control.cancelEvent(ann, id);
    expect((await client.list()).items).toEqual([]);
    expect((await client.list({ showDeleted: true })).items).toMatchObject([{ id, status: "cancelled" }]);
    expect(await client.get(id)).toMatchObject({ id, status: "cancelled", summary: "Meeting" });
    simulator.control.expireSyncTokens();
    expect((await client.list({ showDeleted: true })).items).toEqual([]);
    expect((await refusalOf(client.get(id))).status).toBe(404);
  });

  test("keeps its id, and can come back", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, { ...hourOn("2026-11-23"), id: "abc12" });
    simulator.control.cancelEvent(ann, id);
    expect(() => simulator.control.createEvent(ann, { ...hourOn("2026-11-23"), id })).toThrow("the id is taken");
    simulator.control.updateEvent(ann, id, { status: "confirmed" });
    expect(ids((await client.list()).items)).toEqual([id]);
  });
});

describe("a series", () => {
  test("touched after an expanded list brings all its instances, far beyond the list's range", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23", "Daily"),
      recurrence: ["RRULE:FREQ=DAILY"],
    });
    const syncToken = await tokenOf(client, {
      singleEvents: true,
      timeMin: "2026-11-20T00:00:00Z",
      timeMax: "2026-12-20T00:00:00Z",
    });
    simulator.control.updateEvent(ann, id, { title: "Every day" });
    const { items } = await client.list({ singleEvents: true, syncToken });
    expect(items.length).toBeGreaterThan(700);
    expect(new Set(items.map(({ summary, recurringEventId }) => `${summary} ${recurringEventId}`))).toEqual(
      new Set([`Every day ${id}`]),
    );
  });

  test("that is weekly reaches decades ahead", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.createEvent(ann, { ...hourOn("2026-11-23"), recurrence: ["RRULE:FREQ=WEEKLY"] });
    const last = (await client.list({ singleEvents: true })).items.at(-1);
    expect(Number(last?.start?.dateTime?.slice(0, 4))).toBeGreaterThanOrEqual(2039);
  });

  test("has instances whose ids tell their original start, at the same wall-clock time over the change of the clocks", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-03-28"),
      recurrence: ["RRULE:FREQ=DAILY;COUNT=3"],
    });
    const { items } = await client.list({ singleEvents: true });
    expect(items.map((item) => [item.id, item.start?.dateTime])).toEqual([
      [`${id}_20260328T080000Z`, "2026-03-28T09:00:00+01:00"],
      [`${id}_20260329T070000Z`, "2026-03-29T09:00:00+02:00"],
      [`${id}_20260330T070000Z`, "2026-03-30T09:00:00+02:00"],
    ]);
  });

  test("of all-day events has dates in its instances' ids", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...dayOn("2026-11-23", "2026-11-25"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    const { items } = await client.list({ singleEvents: true });
    expect(items.map((item) => [item.id, item.start?.date, item.end?.date])).toEqual([
      [`${id}_20261123`, "2026-11-23", "2026-11-25"],
      [`${id}_20261130`, "2026-11-30", "2026-12-02"],
    ]);
  });

  test("shows a moved instance under its old id, with where it was", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    const syncToken = await tokenOf(client, { singleEvents: true });
    const instance = `${id}_20261130T080000Z`;
    simulator.control.updateEvent(ann, instance, { start: { dateTime: "2026-12-01T14:00:00" } });
    const moved = {
      id: instance,
      recurringEventId: id,
      originalStartTime: { dateTime: "2026-11-30T09:00:00+01:00", timeZone: "Europe/Zurich" },
      start: { dateTime: "2026-12-01T14:00:00+01:00" },
      end: { dateTime: "2026-12-01T15:00:00+01:00" },
    };
    expect((await client.list({ singleEvents: true, syncToken })).items).toMatchObject([moved]);
    expect(await client.get(instance)).toMatchObject(moved);
    expect(ids((await client.list({ singleEvents: true })).items)).toEqual([`${id}_20261123T080000Z`, instance]);
  });

  test("tells a cancelled instance by ids and original start alone", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    const syncToken = await tokenOf(client, { singleEvents: true });
    simulator.control.cancelEvent(ann, `${id}_20261130T080000Z`);
    const [cancelled] = (await client.list({ singleEvents: true, syncToken })).items;
    expect(Object.keys(cancelled ?? {}).sort()).toEqual([
      "etag",
      "id",
      "kind",
      "originalStartTime",
      "recurringEventId",
      "status",
    ]);
    expect(cancelled).toMatchObject({ id: `${id}_20261130T080000Z`, recurringEventId: id, status: "cancelled" });
  });

  test("is in lists as showDeleted and singleEvents say", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    const single = simulator.control.createEvent(ann, hourOn("2026-11-24")).id;
    const [first, second] = [`${id}_20261123T080000Z`, `${id}_20261130T080000Z`];
    simulator.control.cancelEvent(ann, second);
    simulator.control.cancelEvent(ann, single);
    const listed = async (singleEvents: boolean, showDeleted: boolean) =>
      ids((await client.list({ singleEvents, showDeleted })).items);
    expect(await listed(false, false)).toEqual([id, second]);
    expect(await listed(false, true)).toEqual([id, single, second]);
    expect(await listed(true, false)).toEqual([first]);
    expect(await listed(true, true)).toEqual([first, single, second]);
  });

  test("deleted as a whole is one deletion, or one for each instance where series are expanded", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=3"],
    });
    simulator.control.updateEvent(ann, `${id}_20261130T080000Z`, { title: "Changed" });
    const [plain, expanded] = [await tokenOf(client), await tokenOf(client, { singleEvents: true })];
    simulator.control.cancelEvent(ann, id);
    expect((await client.list({ syncToken: plain })).items).toMatchObject([{ id, status: "cancelled" }]);
    const { items } = await client.list({ syncToken: expanded, singleEvents: true });
    expect(ids(items).sort()).toEqual([`${id}_20261123T080000Z`, `${id}_20261130T080000Z`, `${id}_20261207T080000Z`]);
    expect(new Set(items.map(({ status }) => status))).toEqual(new Set(["cancelled"]));
    expect((await client.list({ singleEvents: true })).items).toEqual([]);
    simulator.control.setScenario({ deletedSeries: "series" });
    expect((await client.list({ syncToken: expanded, singleEvents: true })).items).toMatchObject([
      { id, status: "cancelled" },
    ]);
  });

  test("deleted as a whole is told as one deletion, too, after it had lost instances before", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.setScenario({ deletedSeries: "series" });
    const recurrence = (count: number) => ({ recurrence: [`RRULE:FREQ=DAILY;COUNT=${count}`] });
    const { id } = simulator.control.createEvent(ann, { ...hourOn("2026-11-23"), ...recurrence(4) });
    const early = await tokenOf(client, { singleEvents: true });
    simulator.control.updateEvent(ann, id, recurrence(2));
    const late = await tokenOf(client, { singleEvents: true });
    simulator.control.cancelEvent(ann, id);
    for (const syncToken of [early, late]) {
      const { items } = await client.list({ syncToken, singleEvents: true });
      expect(items.map((item) => [item.id, item.status])).toEqual([[id, "cancelled"]]);
    }
  });

  test("that is moved takes its instances' old ids away and brings new ones", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    simulator.control.updateEvent(ann, `${id}_20261130T080000Z`, { title: "Changed" });
    const [plain, expanded] = [await tokenOf(client), await tokenOf(client, { singleEvents: true })];
    simulator.control.updateEvent(ann, id, { start: { dateTime: "2026-11-23T11:00:00" } });
    const { items } = await client.list({ syncToken: expanded, singleEvents: true });
    expect(items.map((item) => `${item.id?.slice(id.length + 1)} ${item.status}`).sort()).toEqual([
      "20261123T080000Z cancelled",
      "20261123T100000Z confirmed",
      "20261130T080000Z cancelled",
      "20261130T100000Z confirmed",
    ]);
    const changes = (await client.list({ syncToken: plain })).items;
    expect(changes.map((item) => [item.id, item.status])).toEqual([
      [id, "confirmed"],
      [`${id}_20261130T080000Z`, "cancelled"],
    ]);
  });

  test("that is moved there and back has its instance again: gone as an exception, present where series are expanded", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    const second = `${id}_20261130T080000Z`;
    simulator.control.updateEvent(ann, second, { title: "Changed" });
    const [plain, expanded] = [await tokenOf(client), await tokenOf(client, { singleEvents: true })];
    simulator.control.advanceClock(1000);
    const updatedMin = new Date(present + 1000).toISOString();
    for (const hour of ["11", "09"])
      simulator.control.updateEvent(ann, id, { start: { dateTime: `2026-11-23T${hour}:00:00` } });
    const told = async (parameters: object) =>
      (await client.list(parameters)).items.map((item) => [item.id, item.status, item.summary]);
    const gone = [
      [id, "confirmed", "Meeting"],
      [second, "cancelled", undefined],
    ];
    expect(await told({ syncToken: plain })).toEqual(gone);
    expect(await told({ updatedMin })).toEqual(gone);
    expect(await told({ showDeleted: true })).toEqual([[id, "confirmed", "Meeting"]]);
    expect(await told({ syncToken: expanded, singleEvents: true })).toContainEqual([second, "confirmed", "Meeting"]);
    expect(await client.get(second)).toMatchObject({ status: "confirmed", summary: "Meeting" });

    simulator.control.updateEvent(ann, second, { title: "Changed again" });
    simulator.control.updateEvent(ann, id, { title: "Renamed" });
    expect(await told({ syncToken: plain })).toEqual([
      [second, "confirmed", "Changed again"],
      [id, "confirmed", "Renamed"],
    ]);
  });

  test("made from a single event takes the single event away", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, hourOn("2026-11-23"));
    const syncToken = await tokenOf(client, { singleEvents: true });
    simulator.control.updateEvent(ann, id, { recurrence: ["RRULE:FREQ=DAILY;COUNT=2"] });
    const { items } = await client.list({ syncToken, singleEvents: true });
    expect(items.map((item) => [item.id, item.status])).toEqual([
      [id, "cancelled"],
      [`${id}_20261123T080000Z`, "confirmed"],
      [`${id}_20261124T080000Z`, "confirmed"],
    ]);
  });

  test("made from a single event takes the single event away before it brings anything, be it a changed instance", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, hourOn("2026-11-23"));
    const syncToken = await tokenOf(client, { singleEvents: true });
    simulator.control.updateEvent(ann, id, { recurrence: ["RRULE:FREQ=DAILY;COUNT=3"] });
    for (const day of ["24", "25"])
      simulator.control.updateEvent(ann, `${id}_202611${day}T080000Z`, { title: "Changed" });
    simulator.control.updateEvent(ann, id, { title: "Renamed" });
    const { items } = await client.list({ syncToken, singleEvents: true, maxResults: 1 });
    expect(items.map((item) => [item.id, item.status])).toEqual([
      [id, "cancelled"],
      [`${id}_20261124T080000Z`, "confirmed"],
      [`${id}_20261125T080000Z`, "confirmed"],
      [`${id}_20261123T080000Z`, "confirmed"],
    ]);
    const all = await client.list({ singleEvents: true, showDeleted: true });
    expect(all.items.map((item) => item.status)).toEqual(["cancelled", "confirmed", "confirmed", "confirmed"]);
  });

  test("lists its instances by range, original start and page; an event that is none has no instances", async () => {
    const { simulator, client } = await givenAnn();
    const { id } = simulator.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=DAILY;COUNT=5"],
    });
    const single = simulator.control.createEvent(ann, hourOn("2026-11-23"));
    simulator.control.cancelEvent(ann, `${id}_20261124T080000Z`);
    const instances = async (parameters: object) =>
      (await client.api.events.instances({ calendarId: "primary", eventId: id, ...parameters })).data;
    expect((await instances({})).items).toHaveLength(4);
    expect((await instances({ showDeleted: true })).items).toHaveLength(5);
    expect((await instances({ timeMin: "2026-11-26T00:00:00Z" })).items).toHaveLength(2);
    expect(ids((await instances({ originalStart: "2026-11-25T09:00:00+01:00" })).items ?? [])).toEqual([
      `${id}_20261125T080000Z`,
    ]);
    const page = await instances({ maxResults: 3 });
    expect((await instances({ maxResults: 3, pageToken: page.nextPageToken })).items).toHaveLength(1);
    const refusal = await refusalOf(client.api.events.instances({ calendarId: "primary", eventId: single.id }));
    expect(refusal.status).toBe(400);
  });
});
