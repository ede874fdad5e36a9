import { describe, expect, test } from "@jest/globals";
import type { Scenario } from "../../src/simulator/scenario.js";
import type { Simulator } from "../../src/simulator/simulator.js";
import { bob, dayOn, givenBob, givenWeekly, hourOn } from "./given.js";
import { firstLink, graphRefusal, immutable, kindOf, kinds } from "./graph-client.js";
import type { DeltaItem } from "./graph-types.js";

const usual = "odata.maxpagesize=50";

function idsOf(items: readonly DeltaItem[]): string[] {
  return items.map(({ id }) => id);
}

/** The immutable id. */
function idOf(simulator: Simulator, id: string): string {
  return simulator.control.externalEventId(bob, id);
}

function givenMeetings(simulator: Simulator, count: number): string[] {
  const day = (index: number) => `2026-12-${String(index + 1).padStart(2, "0")}`;
  return Array.from({ length: count }, (_, index) => simulator.control.createEvent(bob, hourOn(day(index))).id);
}

describe("a first round", () => {
  test("tells what is in the window, and nothing of what is not", async () => {
    const { simulator, client } = await givenBob();
    const inside = simulator.control.createEvent(bob, hourOn("2026-11-23"));
    for (const day of ["2025-01-01", "2027-06-01"]) simulator.control.createEvent(bob, hourOn(day));
    const deleted = simulator.control.createEvent(bob, hourOn("2026-11-24"));
    simulator.control.deleteEvent(bob, deleted.id);
    expect(idsOf((await client.round()).items)).toEqual([idOf(simulator, inside.id)]);
  });

  test("counts what overlaps the window's start, and nothing that starts at its end", async () => {
    const { simulator, client } = await givenBob();
    const days = ["2026-11-19", "2026-11-20", "2026-11-21"];
    const [, within] = days.map((day) => simulator.control.createEvent(bob, hourOn(day)).id);
    const link = firstLink("/me", { from: "2026-11-20T08:30:00Z", to: "2026-11-21T08:00:00Z" });
    expect(idsOf((await client.round(link)).items)).toEqual([idOf(simulator, within ?? "")]);
  });

  test("tells a series with its instances in the window, which know little more than their times", async () => {
    const { simulator, client } = await givenBob();
    const { id } = simulator.control.createEvent(bob, {
      ...hourOn("2020-01-06", "Long ago"),
      recurrence: ["RRULE:FREQ=WEEKLY"],
    });
    const link = firstLink("/me", { from: "2026-11-22T00:00:00Z", to: "2026-12-06T00:00:00Z" });
    const [master, first, second] = (await client.round(link)).items;
    expect(master).toMatchObject({ type: "seriesMaster", start: { dateTime: "2020-01-06T08:00:00.0000000" } });
    expect(first).toEqual({
      "@odata.type": "#microsoft.graph.event",
      "@odata.etag": expect.any(String),
      id: idOf(simulator, `${id}_20261123T080000Z`),
      seriesMasterId: idOf(simulator, id),
      type: "occurrence",
      start: { dateTime: "2026-11-23T08:00:00.0000000", timeZone: "UTC" },
      end: { dateTime: "2026-11-23T09:00:00.0000000", timeZone: "UTC" },
    });
    expect(second).toMatchObject({ type: "occurrence" });
  });

  test("tells a changed instance in full, with where it was", async () => {
    const { simulator, client } = await givenBob();
    const { instances } = givenWeekly(simulator);
    const changes = { title: "Moved", start: { dateTime: "2026-12-01T15:00:00" } };
    simulator.control.updateEvent(bob, instances[1] ?? "", changes);
    const exception = (await client.round()).items.find((item) => kindOf(item) === "exception");
    expect(exception).toMatchObject({
      subject: "Moved",
      originalStart: "2026-11-30T08:00:00Z",
      start: { dateTime: "2026-12-01T14:00:00.0000000" },
    });
  });

  test("is made for one calendar: the default one, or another by its id", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    simulator.control.createEvent(bob, hourOn("2026-11-23", "Own"));
    simulator.control.createEvent(bob, hourOn("2026-11-23", "Team"), "team");
    const team = simulator.control.externalCalendarId(bob, "team");
    const subjects = async (path: string) =>
      (await client.round(firstLink(path))).items.map((item) => ("subject" in item ? item.subject : null));
    for (const path of ["/me", "/me/calendar", `/users/${bob}`]) expect(await subjects(path)).toEqual(["Own"]);
    for (const path of [`/me/calendars/${team}`, `/users/${bob}/calendars/${team}`]) {
      expect(await subjects(path)).toEqual(["Team"]);
    }
  });
});

describe("a later round", () => {
  test("tells what was created, changed and deleted, each once, and then nothing", async () => {
    const { simulator, client } = await givenBob();
    const [first, second, third] = givenMeetings(simulator, 3);
    const { deltaLink } = await client.round();
    expect((await client.round(deltaLink)).items).toEqual([]);
    simulator.control.updateEvent(bob, third ?? "", { title: "Later" });
    simulator.control.deleteEvent(bob, first ?? "");
    simulator.control.updateEvent(bob, third ?? "", { title: "Latest" });
    const round = await client.round(deltaLink);
    expect(round.items).toMatchObject([
      { id: idOf(simulator, first ?? ""), "@removed": { reason: "deleted" } },
      { id: idOf(simulator, third ?? ""), subject: "Latest" },
    ]);
    expect(idsOf(round.items)).not.toContain(idOf(simulator, second ?? ""));
    expect((await client.round(round.deltaLink)).items).toEqual([]);
  });

  test("tells of events outside the window, created or changed, that they were removed", async () => {
    const { simulator, client } = await givenBob();
    const [leaving] = givenMeetings(simulator, 1);
    const { deltaLink } = await client.round();
    simulator.control.createEvent(bob, hourOn("2030-01-01"));
    simulator.control.createEvent(bob, { ...hourOn("2030-01-01"), recurrence: ["RRULE:FREQ=DAILY;COUNT=400"] });
    simulator.control.updateEvent(bob, leaving ?? "", hourOn("2030-01-02"));
    expect(kinds(await client.round(deltaLink))).toEqual(["removed", "removed", "removed"]);
  });

  test("tells a meeting that was called off as cancelled, and its deletion as removed", async () => {
    const { simulator, client } = await givenBob();
    const [meeting] = givenMeetings(simulator, 1);
    const { deltaLink } = await client.round();
    simulator.control.cancelEvent(bob, meeting ?? "");
    const round = await client.round(deltaLink);
    expect(round.items).toMatchObject([{ isCancelled: true, subject: "Canceled: Meeting", showAs: "free" }]);
    expect(simulator.control.occurrences(bob, new Date(0), new Date("2100-01-01"))).toEqual([]);
    simulator.control.updateEvent(bob, meeting ?? "", { status: "confirmed" });
    expect((await client.round(round.deltaLink)).items).toMatchObject([{ isCancelled: false, subject: "Meeting" }]);
    simulator.control.deleteEvent(bob, meeting ?? "");
    expect(kinds(await client.round(deltaLink))).toEqual(["removed"]);
  });

  test("tells of a series that was called off by its master and exceptions only", async () => {
    const { simulator, client } = await givenBob();
    const { id, instances } = givenWeekly(simulator);
    simulator.control.updateEvent(bob, instances[1] ?? "", { title: "Changed" });
    simulator.control.cancelEvent(bob, id);
    const { items } = await client.round();
    const flags = items.map((item) => [kindOf(item), "isCancelled" in item ? item.isCancelled : null]);
    expect(flags.sort()).toEqual([
      ["exception", true],
      ["occurrence", null],
      ["occurrence", null],
      ["occurrence", null],
      ["seriesMaster", true],
    ]);
  });

  test("tells a changed instance together with its series, which may be new to the client", async () => {
    const { simulator, client } = await givenBob();
    const rule = "RRULE:FREQ=DAILY;COUNT=3";
    const { id } = simulator.control.createEvent(bob, { ...hourOn("2029-01-01"), recurrence: [rule] });
    const { deltaLink } = await client.round();
    simulator.control.updateEvent(bob, `${id}_20290102T080000Z`, { ...hourOn("2026-11-24") });
    expect(kinds(await client.round(deltaLink))).toEqual(["seriesMaster", "exception"]);
  });

  test("removes the instances that a series has no longer, also those that it grew too short for", async () => {
    const { simulator, client } = await givenBob();
    const { id, instances } = givenWeekly(simulator);
    const range = { from: "2026-11-23T08:30:00Z", to: "2027-01-01T00:00:00Z" };
    const { deltaLink, items } = await client.round(firstLink("/me", range));
    expect(idsOf(items)).toContain(idOf(simulator, instances[0] ?? ""));
    simulator.control.updateEvent(bob, id, {
      end: { dateTime: "2026-11-23T09:15:00" },
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=3"],
    });
    const later = await client.round(deltaLink);
    const removed = later.items.filter((item) => kindOf(item) === "removed");
    expect(idsOf(removed).sort()).toEqual(
      [instances[0], instances[3]].map((gone) => idOf(simulator, gone ?? "")).sort(),
    );
  });

  test("turns a single event into a series under the same id, without removing it", async () => {
    const { simulator, client } = await givenBob();
    const [single] = givenMeetings(simulator, 1);
    const { deltaLink } = await client.round();
    simulator.control.updateEvent(bob, single ?? "", { recurrence: ["RRULE:FREQ=DAILY;COUNT=2"] });
    const { items } = await client.round(deltaLink);
    expect(items.map((item) => [kindOf(item), item.id === idOf(simulator, single ?? "")])).toEqual([
      ["seriesMaster", true],
      ["occurrence", false],
      ["occurrence", false],
    ]);
  });

  test.each([
    ["instances", ["removed", "removed", "removed", "removed", "removed"]],
    ["series", ["removed"]],
  ] as const)("tells a deleted series by its %s", async (deletedSeries, expected) => {
    const { simulator, client } = await givenBob();
    simulator.control.setScenario({ deletedSeries });
    const { id } = givenWeekly(simulator);
    const { deltaLink } = await client.round();
    simulator.control.deleteEvent(bob, id);
    const round = await client.round(deltaLink);
    expect(kinds(round)).toEqual(expected);
    expect(idsOf(round.items)).toContain(idOf(simulator, id));
  });

  test.each([
    ["reported", ["removed"]],
    ["silent", []],
  ] as const)("deletion of an instance may be %s", async (deletedOccurrence, expected) => {
    const { simulator, client } = await givenBob();
    simulator.control.setScenario({ deletedOccurrence });
    const { instances } = givenWeekly(simulator);
    const { deltaLink } = await client.round();
    simulator.control.deleteEvent(bob, instances[1] ?? "");
    expect(kinds(await client.round(deltaLink))).toEqual(expected);
    expect(kinds(await client.round())).toEqual(["seriesMaster", "occurrence", "occurrence", "occurrence"]);
  });
});

describe("ids", () => {
  test("of either form fit any link; the default ones change when an event is moved, the immutable ones stay", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const [meeting] = givenMeetings(simulator, 1);
    const stable = idOf(simulator, meeting ?? "");
    const { deltaLink, items } = await client.round(firstLink(), usual);
    const [old] = idsOf(items);
    expect(old).not.toBe(stable);
    simulator.control.moveEvent(bob, stable, "team");
    expect(idsOf((await client.round(deltaLink, usual)).items)).toEqual([old]);
    expect((await client.round(deltaLink, immutable)).items).toMatchObject([{ id: stable, "@removed": {} }]);
    const team = firstLink(`/me/calendars/${simulator.control.externalCalendarId(bob, "team")}`);
    const [moved] = idsOf((await client.round(team, usual)).items);
    expect([old, stable]).not.toContain(moved);
    expect(idsOf((await client.round(team, immutable)).items)).toEqual([stable]);
    expect((await graphRefusal(client.get("SingleEvent", `/me/events/${old ?? ""}`))).code).toBe("ErrorItemNotFound");
    for (const id of [moved, stable])
      expect((await client.get("SingleEvent", `/me/events/${id ?? ""}`)).id).toBe(stable);
  });

  test("that are immutable do not tell of a move there and back, whatever the order", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const { id } = givenWeekly(simulator);
    const { deltaLink } = await client.round();
    simulator.control.moveEvent(bob, id, "team");
    simulator.control.moveEvent(bob, id, "primary", "team");
    for (const itemOrder of ["creation", "arbitrary"] as const) {
      simulator.control.setScenario({ itemOrder });
      const { items } = await client.round(deltaLink);
      expect(items.filter((item) => kindOf(item) === "removed")).toEqual([]);
      expect(items).toHaveLength(5);
      const removed = (await client.round(deltaLink, usual)).items.filter((item) => kindOf(item) === "removed");
      expect(removed).toHaveLength(5);
    }
  });

  test("differ in capitals: another spelling is malformed", async () => {
    const { simulator, client } = await givenBob();
    const [meeting] = givenMeetings(simulator, 1);
    const id = idOf(simulator, meeting ?? "");
    const refusal = await graphRefusal(client.get("SingleEvent", `/me/events/${id.toLowerCase()}`));
    expect(refusal).toMatchObject({ status: 400, code: "ErrorInvalidIdMalformed" });
  });
});

describe("the pages of a round", () => {
  test("are as long as the client prefers, ten without, and hold every item once", async () => {
    const { simulator, client } = await givenBob();
    const all = givenMeetings(simulator, 25).map((id) => idOf(simulator, id));
    for (const [prefer, pages] of [
      [immutable, 3],
      [`${immutable}, odata.maxpagesize=4`, 7],
      [`odata.maxpagesize=2000, ${immutable}`, 1],
    ] as const) {
      const round = await client.round(firstLink(), prefer);
      expect([idsOf(round.items), round.pages]).toEqual([all, pages]);
    }
  });

  test("changes made between them are told by the next round", async () => {
    const { simulator, client } = await givenBob();
    const [first, second] = givenMeetings(simulator, 2);
    const page = await client.delta(firstLink(), `${immutable}, odata.maxpagesize=1`);
    if (!("@odata.nextLink" in page)) throw new Error("There is no second page");
    simulator.control.updateEvent(bob, second ?? "", { title: "Changed meanwhile" });
    simulator.control.deleteEvent(bob, first ?? "");
    const { deltaLink } = await client.round(page["@odata.nextLink"]);
    const { items } = await client.round(deltaLink);
    expect(items.map((item) => [item.id, kindOf(item)])).toEqual([
      [idOf(simulator, second ?? ""), "singleInstance"],
      [idOf(simulator, first ?? ""), "removed"],
    ]);
  });

  test.each<[Partial<Scenario>, (items: readonly DeltaItem[], pages: number) => void]>([
    [
      { pages: "empty" },
      (items, pages) => {
        expect([items.length, pages]).toEqual([10, 4]);
      },
    ],
    [
      { pages: "short" },
      (items, pages) => {
        expect([items.length, pages]).toEqual([10, 4]);
      },
    ],
    [
      { hasDuplicates: true },
      (items) => {
        expect([items.length, new Set(idsOf(items)).size]).toEqual([12, 10]);
      },
    ],
  ])("may be otherwise: %j", async (scenario, check) => {
    const { simulator, client } = await givenBob();
    givenMeetings(simulator, 10);
    simulator.control.setScenario(scenario);
    const { items, pages } = await client.round(firstLink(), `${immutable}, odata.maxpagesize=5`);
    check(items, pages);
  });

  test("may name each other for ever", async () => {
    const { simulator, client } = await givenBob();
    givenMeetings(simulator, 3);
    for (const pages of ["endless", "repeated"] as const) {
      simulator.control.setScenario({ pages });
      await expect(client.round(firstLink(), `${immutable}, odata.maxpagesize=1`)).rejects.toThrow("does not end");
    }
  });

  test("may be in an order that has nothing to do with time, with instances before their series", async () => {
    const { simulator, client } = await givenBob();
    const { id } = givenWeekly(simulator);
    const all = new Set([
      ...givenMeetings(simulator, 12).map((meeting) => idOf(simulator, meeting)),
      idOf(simulator, id),
    ]);
    simulator.control.setScenario({ itemOrder: "arbitrary" });
    const { items } = await client.round(firstLink(), `${immutable}, odata.maxpagesize=4`);
    const order = kinds({ items });
    expect(order.indexOf("occurrence")).toBeLessThan(order.indexOf("seriesMaster"));
    const told = idsOf(items).filter((told) => all.has(told));
    expect(new Set(told)).toEqual(all);
    expect(told).not.toEqual([...all]);
  });

  test("may begin with the end of the round before", async () => {
    const { simulator, client } = await givenBob();
    const meetings = givenMeetings(simulator, 8).map((id) => idOf(simulator, id));
    const { deltaLink } = await client.round();
    simulator.control.setScenario({ hasReplays: true });
    expect(idsOf((await client.round(deltaLink)).items)).toEqual(meetings.slice(3));
  });

  test("may be otherwise to one account than to all others, until that is taken back", async () => {
    const { simulator, client } = await givenBob();
    const meetings = givenMeetings(simulator, 8).map((id) => idOf(simulator, id));
    const { deltaLink } = await client.round();
    simulator.control.setAccountScenario(bob, { hasReplays: true });
    simulator.control.setScenario({ hasDuplicates: true });
    const size = `${immutable}, odata.maxpagesize=2`;
    expect(idsOf((await client.round(deltaLink, size)).items).slice(0, 3)).toEqual([
      ...[meetings[3], meetings[4], meetings[4]],
    ]);
    simulator.control.setAccountScenario(bob, {});
    expect((await client.round(deltaLink, size)).items).toEqual([]);
  });

  test("may end without a link to go on from", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.setScenario({ isWithoutSyncToken: true });
    await expect(client.round()).rejects.toThrow("Not DeltaPage");
  });
});

describe("a state that is gone", () => {
  test.each([
    ["gone", 410, "SyncStateNotFound"],
    ["badRequest", 400, "syncStateNotFound"],
    ["notFound", 404, "syncStateNotFound"],
    ["resyncRequired", 410, "resyncRequired"],
  ] as const)("is answered as %s: %i %s", async (expiredState, status, code) => {
    const { simulator, client } = await givenBob();
    const { deltaLink } = await client.round();
    simulator.control.setScenario({ expiredState });
    simulator.control.expireSyncTokens(bob);
    expect(await graphRefusal(client.delta(deltaLink))).toMatchObject({ status, code });
    expect((await client.round()).items).toEqual([]);
  });

  test("comes with the address of a new first round", async () => {
    const { simulator, client } = await givenBob();
    givenMeetings(simulator, 1);
    const { deltaLink } = await client.round();
    simulator.control.expireSyncTokens();
    const location = (await graphRefusal(client.delta(deltaLink))).headers.get("location") ?? "";
    expect(location).toMatch(/\/me\/calendarView\/delta\?startDateTime=.+&endDateTime=.+&\$deltatoken=$/);
    expect((await client.round(location)).items).toHaveLength(1);
  });

  test("ends a round between its pages, too", async () => {
    const { simulator, client } = await givenBob();
    givenMeetings(simulator, 2);
    const page = await client.delta(firstLink(), `${immutable}, odata.maxpagesize=1`);
    simulator.control.expireSyncTokens(bob);
    if (!("@odata.nextLink" in page)) throw new Error("There is no second page");
    expect((await graphRefusal(client.delta(page["@odata.nextLink"]))).status).toBe(410);
  });

  test("is told apart from one that never was, and from another calendar's", async () => {
    const { simulator, client } = await givenBob();
    simulator.control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const { deltaLink } = await client.round();
    const team = simulator.control.externalCalendarId(bob, "team");
    const links = ["/me/calendarView/delta?$deltatoken=nonsense", deltaLink.replace("/me/", `/me/calendars/${team}/`)];
    for (const link of links) {
      expect(await graphRefusal(client.delta(link))).toMatchObject({ status: 400, code: "SyncStateInvalid" });
    }
  });
});

describe("a request for changes", () => {
  const from = "startDateTime=2026-11-01T00:00:00Z";
  const to = "endDateTime=2026-12-01T00:00:00Z";

  test.each([
    [`${from}&${to}&$select=id`, "ErrorInvalidUrlQuery"],
    [`${from}&${to}&$expand=instances`, "ErrorInvalidUrlQuery"],
    [`${from}&${to}&$filter=isAllDay`, "ErrorInvalidUrlQuery"],
    [`${from}&${to}&$orderby=subject`, "ErrorInvalidUrlQuery"],
    [`${from}&${to}&$search=x`, "ErrorInvalidUrlQuery"],
    [from, "ErrorInvalidParameter"],
    [to, "ErrorInvalidParameter"],
    [`${from}&endDateTime=tomorrow`, "ErrorInvalidParameter"],
    [`${from}&endDateTime=2026-10-01T00:00:00Z`, "ErrorInvalidParameter"],
    [`${from}&${to}&${from.toUpperCase()}`, "BadRequest"],
  ])("with %s is refused", async (query, code) => {
    const { client } = await givenBob();
    const refusal = await graphRefusal(client.delta(`/me/calendarView/delta?${query}`));
    expect(refusal).toMatchObject({ status: 400, code });
  });

  test.each([
    "startdatetime=2026-11-01T00:00:00&ENDDATETIME=2026-12-01T00:00:00.0000000",
    "StartDateTime=2026-11-01&EndDateTime=2026-12-01T00:00:00-08:00",
    "startDateTime=2026-11-01T01:00:00%2B01:00&endDateTime=2026-12-01T00:00Z",
  ])("may be written %s", async (query) => {
    const { simulator, client } = await givenBob();
    simulator.control.createEvent(bob, dayOn("2026-11-10", "2026-11-11"));
    expect((await client.round(`/me/calendarView/delta?${query}`)).items).toHaveLength(1);
  });
});
