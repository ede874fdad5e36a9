import { z } from "zod";
import { invalidProperty } from "./graph-error.js";

/** A recurrence as clients of Graph write it, read into the RRULE that means the same. */

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const INDEXES = ["first", "second", "third", "fourth", "last"] as const;
const day = z.string().toLowerCase().pipe(z.enum(DAYS));
const count = z.int().min(1).max(999);

const pattern = z.object({
  type: z.enum(["daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"]),
  interval: count,
  month: z.int().min(0).max(12).nullish(),
  dayOfMonth: z.int().min(0).max(31).nullish(),
  daysOfWeek: z.array(day).nullish(),
  firstDayOfWeek: day.nullish(),
  index: z.enum(INDEXES).nullish(),
});

const range = z.object({
  type: z.enum(["endDate", "noEnd", "numbered"]),
  startDate: z.iso.date(),
  endDate: z.iso.date().nullish(),
  numberOfOccurrences: z.int().min(0).nullish(),
  recurrenceTimeZone: z.string().nullish(),
});

export const patternedRecurrence = z.object({ pattern, range });

export type WrittenRecurrence = z.output<typeof patternedRecurrence>;
type Pattern = WrittenRecurrence["pattern"];

/** Throws GraphError where a pattern lacks what its type needs, or begins on another day than the event. */
export function ruleOf({ pattern, range }: WrittenRecurrence, firstDay: string): string {
  if (range.startDate !== firstDay)
    throw invalidProperty("The start of the recurrence range is not the day on which the event starts.");
  const parts = [...patternParts(pattern), `INTERVAL=${pattern.interval}`, ...rangeParts(range)];
  return `RRULE:${parts.join(";")}`;
}

function patternParts(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "daily":
      return ["FREQ=DAILY"];
    case "weekly":
      return ["FREQ=WEEKLY", `BYDAY=${codes(pattern).join(",")}`, `WKST=${code(pattern.firstDayOfWeek ?? "sunday")}`];
    case "absoluteMonthly":
      return ["FREQ=MONTHLY", `BYMONTHDAY=${positive("dayOfMonth", pattern.dayOfMonth)}`];
    case "relativeMonthly":
      return ["FREQ=MONTHLY", ...weekdayParts(pattern)];
    case "absoluteYearly":
      return [...yearParts(pattern), `BYMONTHDAY=${positive("dayOfMonth", pattern.dayOfMonth)}`];
    case "relativeYearly":
      return [...yearParts(pattern), ...weekdayParts(pattern)];
  }
}

function yearParts({ month }: Pattern): string[] {
  return ["FREQ=YEARLY", `BYMONTH=${positive("month", month)}`];
}

/** One day carries its number itself; of several it is the position among all of them. */
function weekdayParts(pattern: Pattern): string[] {
  const position = pattern.index === "last" ? -1 : INDEXES.indexOf(pattern.index ?? "first") + 1;
  const [only, ...others] = codes(pattern);
  if (others.length === 0) return [`BYDAY=${position}${only ?? ""}`];
  return [`BYDAY=${[only, ...others].join(",")}`, `BYSETPOS=${position}`];
}

function rangeParts(range: WrittenRecurrence["range"]): string[] {
  if (range.type === "noEnd") return [];
  if (range.type === "numbered") return [`COUNT=${positive("numberOfOccurrences", range.numberOfOccurrences)}`];
  if (range.endDate == null || range.endDate < range.startDate) throw missing("endDate");
  return [`UNTIL=${range.endDate.replaceAll("-", "")}`];
}

function codes({ daysOfWeek }: Pattern): string[] {
  if (!daysOfWeek || daysOfWeek.length === 0) throw missing("daysOfWeek");
  return daysOfWeek.map(code);
}

function code(name: string): string {
  return name.slice(0, 2).toUpperCase();
}

function positive(name: string, value: number | null | undefined): number {
  if (value == null || value < 1) throw missing(name);
  return value;
}

function missing(name: string) {
  return invalidProperty(`The recurrence has no valid ${name}.`);
}
