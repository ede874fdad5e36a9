import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from "graphql";

const instant = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads an RFC 3339 instant with any offset. Returns null for everything else: a date-time without an offset, a date that no
 * calendar has (30 February), a leap second, a year outside 0001-9999.
 */
export function parseInstant(text: string): Date | null {
  if (!instant.test(text)) return null;
  const upper = text.toUpperCase().replace(" ", "T");
  const parsed = new Date(upper);
  if (Number.isNaN(parsed.getTime()) || !isCalendarDay(upper.slice(0, 10))) return null;
  const year = parsed.getUTCFullYear();
  return year >= 1 && year <= 9999 ? parsed : null;
}

/** Date rolls 30 February over into March instead of refusing it. */
function isCalendarDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** RFC 3339 in UTC with a Z, milliseconds only when they are not zero. Takes a Date or PostgreSQL's text of a timestamptz in UTC. */
export function printInstant(value: Date | string): string {
  const iso = typeof value === "string" ? isoOfPostgres(value) : value.toISOString();
  return iso.replace(/\.000Z$/, "Z");
}

/** `2026-01-31 09:00:00.5+00` → `2026-01-31T09:00:00.500Z`; anything else goes through Date. */
function isoOfPostgres(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?\+00(?::?00)?$/.exec(text);
  if (!match) return new Date(text).toISOString();
  const [, day, time, fraction] = match;
  return `${String(day)}T${String(time)}.${(fraction ?? "").padEnd(3, "0")}Z`;
}

/** `node` is where the value stands in a document, so that the error can say where. */
function parse(value: unknown, node?: ValueNode): Date {
  const parsed = typeof value === "string" ? parseInstant(value) : null;
  if (parsed) return parsed;
  const message = "DateTime must be an RFC 3339 date-time with an offset, such as 2025-12-30T10:30:00Z.";
  throw new GraphQLError(message, node ? { nodes: node } : {});
}

/** The API's scalar for instants. See parseInstant and printInstant for what it takes and sends. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: "DateTime",
  description:
    "An instant. Sent as RFC 3339 in UTC with a Z, and milliseconds only when they are not zero: 2025-12-30T10:30:00Z. " +
    "Accepted with any offset; a date-time without an offset is refused.",
  serialize: (value) => printInstant(value as Date | string),
  parseValue: (value) => parse(value),
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : null, node),
});
