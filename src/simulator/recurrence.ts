import ICAL from "ical.js";
import { instantOf, wallClockAt } from "./time-zone.js";

/** The first occurrence of a series. All-day series count in days: midnight UTC, whatever the zone. */
export interface SeriesStart {
  startsAt: number;
  isAllDay: boolean;
  timeZone: string;
}

/** A recurrence that cannot be read or expanded. The message says which part, in words for whoever wrote it. */
export class RecurrenceError extends Error {
  override name = "RecurrenceError";
}

const LAST_INSTANT = Date.UTC(2100, 0, 1);
const FULL_YEARS_AHEAD = 3;
const LEAST_INSTANCES_AHEAD = 730;
const MOST_INSTANCES = 250_000;

/**
 * The start instants of a series, ascending, as a calendar service expands it: everything from its start to the end of the second
 * year after `year`, and on until 730 instances lie ahead of `year`, at most to 2099. Reads RRULE, RDATE and EXDATE lines; the
 * series' start always counts as its first instance. Wall-clock times stay the same across changes of the zone's offset.
 */
export function expandSeries(lines: readonly string[], start: SeriesStart, year: number): number[] {
  const properties = lines.map(parseLine);
  const starts = new Set<number>([start.startsAt]);
  for (const property of properties) {
    if (property.name === "RRULE") for (const instant of ruleInstants(property.value, start, year)) starts.add(instant);
    if (property.name === "RDATE") for (const instant of listedInstants(property, start)) starts.add(instant);
  }
  for (const property of properties) {
    if (property.name === "EXDATE") exclude(starts, property, start);
  }
  return [...starts].sort((a, b) => a - b);
}

interface RecurrenceProperty {
  name: string;
  timeZone: string | null;
  value: string;
}

function parseLine(line: string): RecurrenceProperty {
  const match = /^(RRULE|RDATE|EXDATE)((?:;[^:;]+)*):(.+)$/i.exec(line.trim());
  if (!match?.[1] || !match[3]) throw new RecurrenceError(`Not a recurrence line: ${line}`);
  const timeZone = /;TZID="?([^;:"]+)"?/i.exec(match[2] ?? "")?.[1] ?? null;
  return { name: match[1].toUpperCase(), timeZone, value: match[3] };
}

function* ruleInstants(value: string, start: SeriesStart, year: number): Generator<number> {
  const rule = parseRule(value);
  const softEnd = Date.UTC(year + FULL_YEARS_AHEAD, 0, 1);
  const reference = Date.UTC(year, 0, 1);
  const until = rule.until === null ? LAST_INSTANT : untilInstant(rule.until, start);
  let count = 0;
  let ahead = 0;
  for (const instant of matchingInstants(rule.recur, start)) {
    if (instant > until || instant >= LAST_INSTANT || count >= rule.count || count >= MOST_INSTANCES) return;
    if (instant >= softEnd && ahead >= LEAST_INSTANCES_AHEAD) return;
    count += 1;
    if (instant >= reference) ahead += 1;
    yield instant;
  }
}

interface Rule {
  recur: ICAL.Recur;
  count: number;
  /** As written; compared as an instant, since its form decides the zone it means. */
  until: string | null;
}

function parseRule(value: string): Rule {
  const parts = value.split(";").filter((part) => part !== "");
  const partOf = (name: string) =>
    parts.find((part) => part.toUpperCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const rest = parts.filter((part) => !/^(COUNT|UNTIL)=/i.test(part)).join(";");
  const count = partOf("COUNT");
  if (count !== undefined && !/^[1-9]\d*$/.test(count)) throw new RecurrenceError(`Not a COUNT: ${count}`);
  const recur = readRule(rest);
  refuseEndlessSearch(recur);
  return { recur, count: count === undefined ? Infinity : Number(count), until: partOf("UNTIL") ?? null };
}

function readRule(text: string): ICAL.Recur {
  try {
    return ICAL.Recur.fromString(text);
  } catch (cause) {
    throw new RecurrenceError(`Not a recurrence rule: ${text}`, { cause });
  }
}

const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The library searches for ever for a date that no calendar has, so such rules never reach it. */
function refuseEndlessSearch(recur: ICAL.Recur): void {
  if (!["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"].includes(recur.freq)) {
    throw new RecurrenceError(`FREQ=${recur.freq} is not supported`);
  }
  const byParts = Object.keys(recur.parts);
  if (recur.freq === "HOURLY" && byParts.length > 0)
    throw new RecurrenceError("FREQ=HOURLY is supported without BY parts only");
  const months = numbers(recur, "BYMONTH") ?? LONGEST_MONTHS.map((_, index) => index + 1);
  const days = numbers(recur, "BYMONTHDAY");
  const exists = days?.some((day) => months.some((month) => Math.abs(day) <= (LONGEST_MONTHS[month - 1] ?? 0))) ?? true;
  if (!exists) throw new RecurrenceError("The rule names days that its months do not have");
}

function numbers(recur: ICAL.Recur, part: string): number[] | null {
  const values: unknown = (recur.parts as Record<string, unknown>)[part];
  return Array.isArray(values) ? values.map(Number) : null;
}

function* matchingInstants(recur: ICAL.Recur, start: SeriesStart): Generator<number> {
  const startWall = start.isAllDay ? start.startsAt : wallClockAt(start.startsAt, start.timeZone);
  const fits = dayTest(recur, new Date(startWall));
  yield start.startsAt;
  for (const wallClock of ruleWallClocks(recur, startWall)) {
    const instant = start.isAllDay ? wallClock : instantOf(wallClock, start.timeZone);
    if (wallClock > startWall && fits(new Date(wallClock))) yield instant;
  }
}

function* ruleWallClocks(recur: ICAL.Recur, startWall: number): Generator<number> {
  const iterator = recur.iterator(ICAL.Time.fromDateTimeString(new Date(startWall).toISOString().slice(0, 19)));
  for (;;) {
    const time = iterator.next() as ICAL.Time | null | undefined;
    if (!time || time.year > 2100) return;
    yield Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
  }
}

/** The library rolls 30 February over into March; RFC 5545 leaves such dates out. */
function dayTest(recur: ICAL.Recur, start: Date): (time: Date) => boolean {
  const months = numbers(recur, "BYMONTH");
  const listedDays = numbers(recur, "BYMONTHDAY");
  const isPlain = !["BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"].some(
    (part) => numbers(recur, part) ?? part in recur.parts,
  );
  const isByDayOfMonth = isPlain && (recur.freq === "MONTHLY" || recur.freq === "YEARLY");
  const days = listedDays ?? (isByDayOfMonth ? [start.getUTCDate()] : null);
  return (time) => (months?.includes(time.getUTCMonth() + 1) ?? true) && (days === null || isOneOf(days, time));
}

function isOneOf(days: readonly number[], time: Date): boolean {
  const day = time.getUTCDate();
  const length = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 0)).getUTCDate();
  return days.includes(day) || days.includes(day - length - 1);
}

function untilInstant(until: string, start: SeriesStart): number {
  const moment = parseMoment(until);
  if (moment.isUtc) return start.isAllDay ? Math.floor(moment.wallClock / 86_400_000) * 86_400_000 : moment.wallClock;
  const endOfDay = moment.isDate && !start.isAllDay ? moment.wallClock + 86_399_999 : moment.wallClock;
  return start.isAllDay ? endOfDay : instantOf(endOfDay, start.timeZone);
}

function* listedInstants(property: RecurrenceProperty, start: SeriesStart): Generator<number> {
  for (const text of property.value.split(",")) yield listedInstant(parseMoment(text), property.timeZone, start);
}

function listedInstant(moment: ParsedMoment, timeZone: string | null, start: SeriesStart): number {
  if (start.isAllDay) return Math.floor(moment.wallClock / 86_400_000) * 86_400_000;
  return moment.isUtc ? moment.wallClock : instantOf(moment.wallClock, timeZone ?? start.timeZone);
}

/** A date without a time takes out every instance of that day. */
function exclude(starts: Set<number>, property: RecurrenceProperty, start: SeriesStart): void {
  for (const text of property.value.split(",")) {
    const moment = parseMoment(text);
    if (!moment.isDate || start.isAllDay) starts.delete(listedInstant(moment, property.timeZone, start));
    else for (const instant of starts) if (isOnDay(instant, moment.wallClock, start.timeZone)) starts.delete(instant);
  }
}

function isOnDay(instant: number, dayStart: number, timeZone: string): boolean {
  const wallClock = wallClockAt(instant, timeZone);
  return wallClock >= dayStart && wallClock < dayStart + 86_400_000;
}

interface ParsedMoment {
  wallClock: number;
  isDate: boolean;
  isUtc: boolean;
}

/** `20260131`, `20260131T090000`, `20260131T090000Z`, with or without dashes and colons; a period counts by its start. */
function parseMoment(text: string): ParsedMoment {
  const match = /^(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)?(Z)?)?(?:\/.*)?$/.exec(text.trim());
  if (!match) throw new RecurrenceError(`Not a date in a recurrence line: ${text}`);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part || 0));
  const wallClock = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  return { wallClock, isDate: !text.includes("T"), isUtc: match[7] === "Z" };
}
