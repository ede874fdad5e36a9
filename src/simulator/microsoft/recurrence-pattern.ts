import type { SeriesEvent } from "../event.js";
import { wallClockAt } from "../time-zone.js";
import { windowsZone } from "./zone-name.js";

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const DAY_CODES = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
const INDEXES = ["first", "second", "third", "fourth"] as const;
const NO_DATE = "0001-01-01";

type Rule = ReadonlyMap<string, string>;

/** A day of BYDAY: its number in the week, and which one of the month it is (negative from the end; null for every one). */
interface RuleDay {
  day: number;
  ordinal: number | null;
}

/**
 * A series' recurrence as Graph describes it. Graph knows six patterns; rules beyond them (several days of a month, positions in a
 * year, hours, lists of dates) are described by the nearest one, while the instances stay those of the rule.
 */
export function patternedRecurrence(series: SeriesEvent) {
  const rule = ruleOf(series.recurrence);
  const start = new Date(series.isAllDay ? series.startsAt : wallClockAt(series.startsAt, series.timeZone));
  return { pattern: patternOf(rule, start), range: rangeOf(rule, start, series) };
}

/** The parts of the first RRULE; empty for a series that is only a list of dates. */
function ruleOf(recurrence: readonly string[]): Rule {
  const line = recurrence.find((text) => /^RRULE/i.test(text)) ?? "";
  const parts = line.slice(line.indexOf(":") + 1).split(";");
  return new Map(
    parts.map((part) => part.toUpperCase().split("=", 2)).map(([name, value]) => [name ?? "", value ?? ""]),
  );
}

function patternOf(rule: Rule, start: Date) {
  const interval = Number(rule.get("INTERVAL") ?? 1);
  const firstDayOfWeek = DAYS[DAY_CODES.indexOf(rule.get("WKST") ?? "SU")] ?? "sunday";
  const usual = { interval, month: 0, dayOfMonth: 0, firstDayOfWeek, index: "first" as string };
  const days = daysOf(rule);
  switch (rule.get("FREQ")) {
    case "WEEKLY":
      return { ...usual, type: "weekly", daysOfWeek: namesOf(days, start) };
    case "MONTHLY":
      return monthly(usual, rule, days, start);
    case "YEARLY":
      return yearly(usual, rule, days, start);
    default:
      return days.length > 0
        ? { ...usual, type: "weekly", daysOfWeek: namesOf(days, start) }
        : { ...usual, type: "daily" };
  }
}

interface UsualPattern {
  interval: number;
  month: number;
  dayOfMonth: number;
  firstDayOfWeek: string;
  index: string;
}

function monthly(usual: UsualPattern, rule: Rule, days: readonly RuleDay[], start: Date) {
  if (days.length === 0) return { ...usual, type: "absoluteMonthly", dayOfMonth: dayOfMonth(rule, start) };
  return { ...usual, type: "relativeMonthly", daysOfWeek: namesOf(days, start), index: indexOf(rule, days) };
}

function yearly(usual: UsualPattern, rule: Rule, days: readonly RuleDay[], start: Date) {
  const month = Number(rule.get("BYMONTH")?.split(",")[0] ?? start.getUTCMonth() + 1);
  if (days.length === 0) return { ...usual, type: "absoluteYearly", month, dayOfMonth: dayOfMonth(rule, start) };
  return { ...usual, type: "relativeYearly", month, daysOfWeek: namesOf(days, start), index: indexOf(rule, days) };
}

function daysOf(rule: Rule): RuleDay[] {
  const texts = (rule.get("BYDAY") ?? "").split(",").filter((text) => text !== "");
  return texts.map((text) => ({
    day: Math.max(0, DAY_CODES.indexOf(text.slice(-2))),
    ordinal: text.length > 2 ? Number(text.slice(0, -2)) : null,
  }));
}

function namesOf(days: readonly RuleDay[], start: Date): string[] {
  const numbers = days.length > 0 ? days.map(({ day }) => day) : [start.getUTCDay()];
  return [...new Set(numbers)].map((day) => DAYS[day] ?? "sunday");
}

function dayOfMonth(rule: Rule, start: Date): number {
  const first = Number(rule.get("BYMONTHDAY")?.split(",")[0] ?? start.getUTCDate());
  return first > 0 ? first : 31;
}

function indexOf(rule: Rule, days: readonly RuleDay[]): string {
  const ordinal = days[0]?.ordinal ?? Number(rule.get("BYSETPOS")?.split(",")[0] ?? 1);
  return ordinal < 0 ? "last" : (INDEXES[ordinal - 1] ?? "last");
}

function rangeOf(rule: Rule, start: Date, series: SeriesEvent) {
  const startDate = start.toISOString().slice(0, 10);
  const recurrenceTimeZone = windowsZone(series.timeZone);
  const usual = { startDate, endDate: NO_DATE, recurrenceTimeZone, numberOfOccurrences: 0 };
  const count = rule.get("COUNT") ?? (rule.has("FREQ") ? undefined : String(series.recurrence.length));
  if (count !== undefined) return { ...usual, type: "numbered", numberOfOccurrences: Number(count) };
  const until = rule.get("UNTIL");
  return until === undefined
    ? { ...usual, type: "noEnd" }
    : { ...usual, type: "endDate", endDate: lastDay(until, series) };
}

/** The day of an UNTIL in the series' zone: `20261231`, `20261231T235959` or `20261231T225959Z`. */
function lastDay(until: string, series: SeriesEvent): string {
  const text = until.replace(/[-:]/g, "");
  const day = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`;
  if (!text.endsWith("Z") || series.isAllDay) return day;
  const time = `${text.slice(9, 11)}:${text.slice(11, 13)}:${text.slice(13, 15)}`;
  return new Date(wallClockAt(Date.parse(`${day}T${time}Z`), series.timeZone)).toISOString().slice(0, 10);
}
