import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { SourceCalendar, SourceEvent } from "./calendar-source.js";
import { eventIdOf } from "./identifiers.js";
import { readIcsFile } from "./calendars/ics-calendar.js";
import type { IcsCalendar } from "./calendars/ics-calendar.js";
import { bringNear } from "./calendars/nearby.js";

export interface DemoCalendarOptions {
  /** Milliseconds since 1970 around which the old calendars are put. Default the present. */
  now?: number;
  /** More .ics files; each becomes an account and calendar named after the file, with its events where they are. */
  icsFiles?: readonly string[];
}

/**
 * The Google calendars of the demo: real ones that come with npm packages, moved to around now, and the given files. The centre's has more
 * than a thousand occurrences in the coming year; access to the lapsed one has been taken back, so it always fails.
 * Rejects with an Error naming a given file that cannot be read, and why.
 */
export async function demoCalendars(options: DemoCalendarOptions = {}): Promise<SourceCalendar[]> {
  const { now = Date.now(), icsFiles = [] } = options;
  const { town, feeds } = realCalendars();
  return [
    townCalendar(town, now),
    feedsCalendar(feeds, now),
    await holidaysCalendar(now),
    centreCalendar([town, ...feeds], now),
    lapsedCalendar(feeds, now),
    ...fileCalendars(icsFiles),
  ];
}

/**
 * The Microsoft calendars of the demo, from the same sources: an office's, and a school's, which is nearly all courses that go on
 * without an end. Every given file is one more. Throws an Error naming a given file that cannot be read, and why.
 */
export function microsoftDemoCalendars(options: DemoCalendarOptions = {}): SourceCalendar[] {
  const { now = Date.now(), icsFiles = [] } = options;
  const { town, feeds } = realCalendars();
  return [officeCalendar(feeds, now), schoolCalendar(town, feeds, now), ...fileCalendars(icsFiles, MICROSOFT_DOMAIN)];
}

const GOOGLE_DOMAIN = "example.com";
const MICROSOFT_DOMAIN = "example.org";

interface RealCalendars {
  town: IcsCalendar;
  feeds: readonly IcsCalendar[];
}

let read: RealCalendars | undefined;

/** Read once: the files do not change while a process runs. */
function realCalendars(): RealCalendars {
  read ??= {
    town: readIcsFile(packageFile("icalendar", "spec/icalendar-test.ics")),
    feeds: FEEDS.map((file) => readIcsFile(packageFile("ical", `test/${file}`))),
  };
  return read;
}

const FEEDS = Array.from({ length: 15 }, (_, index) => `test${index + 1}.ics`);

function packageFile(name: string, path: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);
}

function calendar(account: string, name: string, timeZone: string, events: readonly SourceEvent[]): SourceCalendar {
  return {
    account,
    id: account,
    name,
    timeZone,
    events: [...new Map(events.map((event) => [event.id, event])).values()],
  };
}

function townCalendar(town: IcsCalendar, now: number): SourceCalendar {
  return calendar("town@example.com", town.name ?? "Town", town.timeZone, bringNear(town.events, town.timeZone, now));
}

/** Conferences, travel, meetups, television: fifteen feeds of many programs in one calendar. */
function feedsCalendar(feeds: readonly IcsCalendar[], now: number): SourceCalendar {
  const events = feeds.flatMap((feed) => bringNear(feed.events, feed.timeZone, now));
  return calendar("feeds@example.com", "Mixed feeds", "America/Los_Angeles", events);
}

/** Their rules are large: loaded only where a demo is made. */
async function holidaysCalendar(now: number): Promise<SourceCalendar> {
  const { holidayEvents } = await import("./calendars/holidays.js");
  return calendar("holidays@example.com", "Holidays of eight countries", "Europe/Zurich", holidayEvents(now));
}

/** Every recurring series of the real calendars, going on without an end: courses, meetings and clubs that meet each day or week. */
function centreCalendar(sources: readonly IcsCalendar[], now: number): SourceCalendar {
  const events = sources.flatMap((source) =>
    bringNear(source.events.filter(isSeries).map(unending), source.timeZone, now),
  );
  return calendar("centre@example.com", "Community centre", "America/New_York", events);
}

function isSeries(event: SourceEvent): boolean {
  return event.recurrence?.some((line) => line.startsWith("RRULE")) ?? false;
}

function unending(event: SourceEvent): SourceEvent {
  const uid = `${event.uid ?? event.id}-unending`;
  const recurrence = (event.recurrence ?? []).map((line) =>
    line.replace(/;?(COUNT|UNTIL)=[^;]*/g, "").replace(":;", ":"),
  );
  return { ...event, id: eventIdOf(uid), uid, recurrence, instances: [] };
}

/** The feeds of conferences, travel and meetings, without the town. */
function officeCalendar(feeds: readonly IcsCalendar[], now: number): SourceCalendar {
  const events = feeds.flatMap((feed) => bringNear(feed.events, feed.timeZone, now));
  return calendar("office@example.org", "Front office", "America/Chicago", events);
}

/** The town's calendar with every series of all of them going on without an end. */
function schoolCalendar(town: IcsCalendar, feeds: readonly IcsCalendar[], now: number): SourceCalendar {
  const single = bringNear(
    town.events.filter((event) => !isSeries(event)),
    town.timeZone,
    now,
  );
  const courses = [town, ...feeds].flatMap((source) =>
    bringNear(source.events.filter(isSeries).map(unending), source.timeZone, now),
  );
  return calendar("school@example.org", "Evening school", "America/New_York", [...single, ...courses]);
}

/** The account whose owner took the access back. */
function lapsedCalendar(feeds: readonly IcsCalendar[], now: number): SourceCalendar {
  const television = feeds.find((feed) => feed.name?.includes("tvcountdown"));
  const events = television ? bringNear(television.events, television.timeZone, now) : [];
  return { ...calendar("lapsed@example.com", "Lapsed access", "America/New_York", events), isRevoked: true };
}

/** Each file as an account and calendar named after it, its events where they are. Throws an Error naming a file that cannot be read. */
export function fileCalendars(paths: readonly string[], domain: string = GOOGLE_DOMAIN): SourceCalendar[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const name = basename(path).replace(/\.ics$/i, "");
    const { timeZone, events } = readIcsFile(path);
    return calendar(freeAddress(name, domain, taken), name, timeZone, events);
  });
}

/** Addresses are ASCII: a name without any such letter gets one made from its hash. */
function freeAddress(name: string, domain: string, taken: Set<string>): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const local = plain === "" ? `calendar-${createHash("sha256").update(name).digest("hex").slice(0, 8)}` : plain;
  let address = `${local}@${domain}`;
  for (let number = 2; taken.has(address) || OWN_ADDRESSES.has(address); number += 1)
    address = `${local}-${number}@${domain}`;
  taken.add(address);
  return address;
}

const OWN_ADDRESSES = new Set([
  ...["town", "feeds", "holidays", "centre", "lapsed"].map((name) => `${name}@${GOOGLE_DOMAIN}`),
  ...["office", "school"].map((name) => `${name}@${MICROSOFT_DOMAIN}`),
]);
