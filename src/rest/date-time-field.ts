import { parseInstant, printInstant } from "../date-time.js";
import { refusals } from "./refusals.js";

const wrongFormat =
  "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

/** As Django reads it: a date, and if need be a time of hours and minutes or more, with or without an offset. */
const form =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*(?:([Zz])|([+-]\d{2})(?::?(\d{2}))?)?)?$/;

/**
 * The named fields as GraphQL's DateTime takes them; absent and null are null. Without an offset it is UTC, and a plain date is its
 * midnight.
 * @throws Refusal 400 naming every field that is none
 */
export function readDateTimes<Name extends string>(
  fields: ReadonlyMap<string, unknown>,
  names: readonly Name[],
): Record<Name, string | null> {
  const read = names.map((name) => [name, readDateTime(fields.get(name) ?? null)] as const);
  const wrong = read.filter(([, value]) => value === undefined).map(([name]) => [name, [wrongFormat]]);
  if (wrong.length > 0) throw refusals.badFields(Object.fromEntries(wrong) as Record<string, string[]>);
  return Object.fromEntries(read) as Record<Name, string | null>;
}

/** Undefined for what is no date-time. */
function readDateTime(value: unknown): string | null | undefined {
  if (value === null) return null;
  const match = typeof value === "string" ? form.exec(value) : null;
  if (!match) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", , hours, minutes = "00"] = match;
  if (Number(hour) > 23) return undefined; // JavaScript takes 24:00 for the next day
  const date = `${String(year)}-${padded(month)}-${padded(day)}`;
  const time = `${padded(hour)}:${padded(minute)}:${padded(second)}.${fraction.padEnd(3, "0").slice(0, 3)}`;
  const parsed = parseInstant(`${date}T${time}${hours === undefined ? "Z" : `${hours}:${minutes}`}`);
  return parsed ? printInstant(parsed) : undefined;
}

function padded(digits = ""): string {
  return digits.padStart(2, "0");
}
