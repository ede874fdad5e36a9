import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { demoCalendars, fileCalendars, microsoftDemoCalendars } from "../../src/simulator/demo-calendars.js";
import { readIcs } from "../../src/simulator/calendars/ics-calendar.js";
import type { Simulator } from "../../src/simulator/simulator.js";
import { clientOf, givenSimulator } from "./given.js";
import { refusalOf } from "./google-client.js";

const DAY_MS = 86_400_000;
/** The demo has to hold on any day: also on a leap day and when the clocks change. */
const days = ["2026-11-20T12:00:00Z", "2027-03-28T00:30:00Z", "2028-02-29T23:59:00Z", "2031-10-26T01:30:00Z"].map(
  (day) => Date.parse(day),
);

function inWindow(simulator: Simulator, account: string, now: number) {
  return simulator.control.occurrences(account, new Date(now - 30 * DAY_MS), new Date(now + 365 * DAY_MS));
}

describe("the demo's calendars", () => {
  test.each(days)("are full around now (%i), and one has more than a thousand occurrences", async (now) => {
    const simulator = await givenSimulator({ now: () => now, googleCalendars: await demoCalendars({ now }) });
    const counts = Object.fromEntries(
      simulator.control.state().accounts.map(({ email }) => [email, inWindow(simulator, email, now).length]),
    );
    expect(counts["town@example.com"]).toBeGreaterThan(250);
    expect(counts["feeds@example.com"]).toBeGreaterThan(200);
    expect(counts["holidays@example.com"]).toBeGreaterThan(100);
    expect(counts["centre@example.com"]).toBeGreaterThan(1000);
  });

  test.each(days)("are as full for Microsoft (%i), one of them of recurring events", async (now) => {
    const simulator = await givenSimulator({ now: () => now, microsoftCalendars: microsoftDemoCalendars({ now }) });
    expect(inWindow(simulator, "office@example.org", now).length).toBeGreaterThan(200);
    const school = inWindow(simulator, "school@example.org", now);
    expect(school.length).toBeGreaterThan(1000);
    const series = simulator.control.calendar("school@example.org").events.filter(({ kind }) => kind === "series");
    expect(series.length).toBeGreaterThan(15);
  });

  test("keep weekday and wall-clock time where they are moved", async () => {
    const now = days[0] ?? 0;
    const simulator = await givenSimulator({ now: () => now, googleCalendars: await demoCalendars({ now }) });
    const scouts = inWindow(simulator, "town@example.com", now).filter(({ title }) => title === "Girl Scout Cadettes");
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: "America/New_York",
      weekday: "short",
      hour: "numeric",
    });
    expect(new Set(scouts.map(({ startsAt }) => format.format(new Date(startsAt))))).toEqual(new Set(["Mon 3 PM"]));
    expect(scouts.length).toBeGreaterThan(50);
  });

  test("have titles in many scripts", async () => {
    const holidays = (await demoCalendars()).find(({ account }) => account === "holidays@example.com");
    const titles = new Set(holidays?.events.map(({ title }) => title));
    expect(titles).toContain("元日");
    expect(titles).toContain("Πρωτοχρονιά");
  });

  test("have ids that stay the same from run to run", async () => {
    const idsOf = async (now: number) => (await demoCalendars({ now })).map(({ events }) => events.map(({ id }) => id));
    const [first, second] = [await idsOf(days[0] ?? 0), await idsOf((days[0] ?? 0) + 40 * DAY_MS)];
    expect([second[0], second[1]]).toEqual([first[0], first[1]]);
    expect(first.flat().every((id) => /^[a-v0-9]{5,1024}$/.test(id))).toBe(true);
  });

  test("include one whose access was taken back", async () => {
    const simulator = await givenSimulator({ googleCalendars: await demoCalendars() });
    const form = {
      grant_type: "refresh_token",
      client_id: "a",
      client_secret: "b",
      refresh_token: simulator.control.refreshTokenOf("lapsed@example.com"),
    };
    const response = await fetch(simulator.googleTokenUrl, { method: "POST", body: new URLSearchParams(form) });
    expect([response.status, await response.json()]).toMatchObject([400, { error: "invalid_grant" }]);
    expect((await refusalOf(clientOf(simulator, "lapsed@example.com").list())).status).toBe(401);
  });
});

describe("given files", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "calendars-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function givenFile(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  const file = (...events: string[]) =>
    ["BEGIN:VCALENDAR", "VERSION:2.0", "X-WR-TIMEZONE:Europe/Zurich", ...events, "END:VCALENDAR"].join("\r\n");
  const vevent = (...lines: string[]) => ["BEGIN:VEVENT", ...lines, "END:VEVENT"].join("\r\n");

  test("become calendars named after them, with their events where they are", async () => {
    const lines = ["UID:1", "SUMMARY:Old", "DTSTART:20200101T090000", "DTEND:20200101T100000"];
    const paths = [
      await givenFile("My Team.ics", file(vevent(...lines))),
      await givenFile("日程.ics", file(vevent(...lines))),
    ];
    const [team, schedule] = fileCalendars(paths);
    expect(team).toMatchObject({
      account: "my-team@example.com",
      id: "my-team@example.com",
      name: "My Team",
      timeZone: "Europe/Zurich",
    });
    expect(schedule).toMatchObject({ name: "日程" });
    expect(schedule?.account).toMatch(/^calendar-[0-9a-f]{8}@example\.com$/);
    expect(team?.events).toMatchObject([
      { title: "Old", start: { dateTime: "2020-01-01T09:00:00", timeZone: "Europe/Zurich" } },
    ]);
  });

  test("become one calendar of each provider, at addresses of their own", async () => {
    const lines = ["UID:1", "DTSTART:20200101T090000"];
    const icsFiles = [
      await givenFile("Team.ics", file(vevent(...lines))),
      await givenFile("school.ics", file(vevent(...lines))),
    ];
    const google = (await demoCalendars({ icsFiles })).slice(-2).map(({ account }) => account);
    const microsoft = microsoftDemoCalendars({ icsFiles }).slice(-2);
    expect(google).toEqual(["team@example.com", "school@example.com"]);
    expect(microsoft.map(({ account, name }) => [account, name])).toEqual([
      ["team@example.org", "Team"],
      ["school-2@example.org", "school"],
    ]);
    const simulator = await givenSimulator({ microsoftCalendars: microsoft });
    expect(simulator.control.state().accounts.map(({ provider }) => provider)).toEqual(["microsoft", "microsoft"]);
  });

  test.each([
    ["nothing.ics", null, /ENOENT/],
    ["text.ics", "hello", /./],
    ["contact.ics", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\r\nEND:VCARD", /no VCALENDAR/],
    ["half.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1", /./],
    [
      "rule.ics",
      "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T090000Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR",
      /SECONDLY/,
    ],
  ])("%s is refused with its name and the reason", async (name, text, reason) => {
    const path = text === null ? join(folder, name) : await givenFile(name, text);
    expect(() => fileCalendars([path])).toThrow(path);
    expect(() => fileCalendars([path])).toThrow(reason);
  });

  test("come after the real calendars, and one that cannot be read stops all of them", async () => {
    const path = await givenFile("more.ics", file());
    expect((await demoCalendars({ icsFiles: [path] })).at(-1)).toMatchObject({
      account: "more@example.com",
      events: [],
    });
    await expect(demoCalendars({ icsFiles: [path, join(folder, "missing.ics")] })).rejects.toThrow("missing.ics");
  });

  test("are read with their zones, durations, changed and cancelled instances", async () => {
    const events = [
      vevent(
        "UID:1",
        "SUMMARY:Daily",
        "DTSTART;TZID=America/New_York:20261123T090000",
        "DURATION:PT30M",
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE;TZID=America/New_York:20261124T090000",
      ),
      vevent(
        "UID:1",
        "RECURRENCE-ID;TZID=America/New_York:20261125T090000",
        "SUMMARY:Late",
        "DTSTART;TZID=America/New_York:20261125T110000",
        "DURATION:PT30M",
      ),
      vevent(
        "UID:1",
        "RECURRENCE-ID;TZID=America/New_York:20261126T090000",
        "STATUS:CANCELLED",
        "DTSTART;TZID=America/New_York:20261126T090000",
      ),
      vevent("UID:2", "SUMMARY:Day", "DTSTART;VALUE=DATE:20261124"),
      vevent("UID:3", "SUMMARY:Gone", "STATUS:CANCELLED", "DTSTART:20261124T090000Z"),
      vevent(
        "SUMMARY:Nameless",
        "DTSTART:20261127T090000",
        "STATUS:TENTATIVE",
        "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.com",
      ),
    ];
    const path = await givenFile("work.ics", file(...events));
    const simulator = await givenSimulator({ googleCalendars: fileCalendars([path]) });
    const told = simulator.control.occurrences("work@example.com", new Date("2026-11-01"), new Date("2026-12-31"));
    expect(told.map(({ title, startsAt, endsAt, status }) => [title, startsAt, endsAt, status])).toEqual([
      ["Daily", "2026-11-23T14:00:00.000Z", "2026-11-23T14:30:00.000Z", "confirmed"],
      ["Day", "2026-11-24T00:00:00.000Z", "2026-11-25T00:00:00.000Z", "confirmed"],
      ["Late", "2026-11-25T16:00:00.000Z", "2026-11-25T16:30:00.000Z", "confirmed"],
      ["Nameless", "2026-11-27T08:00:00.000Z", "2026-11-27T08:00:00.000Z", "tentative"],
    ]);
  });

  test("may name zones in other programs' ways", () => {
    const windows = [
      "BEGIN:VTIMEZONE",
      "TZID:Somewhere in Central Europe",
      "BEGIN:STANDARD",
      "DTSTART:16010101T030000",
      "TZOFFSETFROM:+0200",
      "TZOFFSETTO:+0100",
      "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
      "END:STANDARD",
      "BEGIN:DAYLIGHT",
      "DTSTART:16010101T020000",
      "TZOFFSETFROM:+0100",
      "TZOFFSETTO:+0200",
      "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
      "END:DAYLIGHT",
      "END:VTIMEZONE",
    ].join("\r\n");
    const named = (tzid: string) =>
      readIcs(file(windows, vevent("UID:1", `DTSTART;TZID=${tzid}:20260701T090000`))).events[0]?.start;
    expect(named("/softwarestudio.org/Tzfile/America/Los_Angeles")).toMatchObject({ timeZone: "America/Los_Angeles" });
    const { timeZone = "" } = named("Somewhere in Central Europe") as { timeZone?: string };
    const format = (zone: string, instant: string) => new Date(instant).toLocaleString("en-US", { timeZone: zone });
    for (const instant of ["2026-07-01T00:00:00Z", "2026-12-01T00:00:00Z"])
      expect(format(timeZone, instant)).toBe(format("Europe/Zurich", instant));
  });
});
