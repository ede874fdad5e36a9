import { invalidParameter } from "./graph-error.js";
import type { QueryOptions } from "./query-options.js";

/** The time range of a calendar view: what ends after `from` and starts before `to`, and what has no length and starts at `from`. */
export interface TimeWindow {
  from: number;
  to: number;
}

/** Throws GraphError where a bound is missing or cannot be read, or the end is before the start. A time without an offset is UTC. */
export function readWindow(options: QueryOptions): TimeWindow {
  const [start, end] = [options.get("startDateTime"), options.get("endDateTime")];
  if (start === null || end === null) {
    throw invalidParameter(
      "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
    );
  }
  const window = { from: readBound("StartDateTime", start), to: readBound("EndDateTime", end) };
  if (window.to < window.from)
    throw invalidParameter("The EndDateTime parameter is before the StartDateTime parameter.");
  return window;
}

const BOUND = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?$/i;

function readBound(name: string, text: string): number {
  const match = BOUND.exec(text);
  const value = match ? Date.parse(`${match[1] ?? ""}T${match[2] ?? "00:00"}${match[3]?.toUpperCase() ?? "Z"}`) : NaN;
  if (Number.isNaN(value)) throw invalidParameter(`The value '${text}' of parameter '${name}' is invalid.`);
  return value;
}

export function isInWindow(
  { startsAt, endsAt }: { startsAt: number; endsAt: number },
  { from, to }: TimeWindow,
): boolean {
  return startsAt < to && (endsAt > from || startsAt >= from);
}
