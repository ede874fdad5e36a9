import { RRuleTemporal } from "rrule-temporal";
import { Temporal } from "temporal-polyfill";
import type { SeriesStart } from "../../src/simulator/recurrence.js";

/**
 * The starts of a series between two instants, by another library than the simulator's, and other time zone arithmetic. The series' start
 * counts as its first instance, as calendar services have it, though the rule may not give it.
 */
export function expandIndependently(lines: readonly string[], start: SeriesStart, from: number, to: number): number[] {
  const zone = start.isAllDay ? "UTC" : start.timeZone;
  const first = Temporal.Instant.fromEpochMilliseconds(start.startsAt).toZonedDateTimeISO(zone);
  const shown = first.toPlainDateTime().toString({ smallestUnit: "second" }).replaceAll(/[-:]/g, "");
  const dtstart = start.isAllDay ? `DTSTART;TZID=UTC:${shown}` : `DTSTART;TZID=${zone}:${shown}`;
  const rule = new RRuleTemporal({
    rruleString: [dtstart, ...lines.map((line) => inZone(line, zone, start.isAllDay))].join("\n"),
    temporal: Temporal,
    includeDtstart: true,
  });
  const found = rule.between(new Date(from), new Date(to), true).map(({ epochMilliseconds }) => epochMilliseconds);
  return [...new Set(found)].sort((one, other) => one - other);
}

/** Days of an all-day series are midnights UTC. */
function inZone(line: string, zone: string, isAllDay: boolean): string {
  if (!isAllDay) return line;
  const dated = line.replace(/^(EXDATE|RDATE);VALUE=DATE:/, `$1;TZID=${zone}:`);
  return dated.replaceAll(/\b(\d{8})(?!T|\d)/g, "$1T000000").replace(/UNTIL=(\d{8})T\d{6}Z?/, "UNTIL=$1T000000Z");
}
