import { describe, expect, test } from "@jest/globals";
import { expandSeries } from "../../src/simulator/recurrence.js";
import { instantOf } from "../../src/simulator/time-zone.js";

const zurich = "Europe/Zurich";

function expand(start: string, lines: string[], options: { timeZone?: string; year?: number } = {}): string[] {
  const timeZone = options.timeZone ?? zurich;
  const isAllDay = !start.includes("T");
  const startsAt = isAllDay ? Date.parse(start) : instantOf(Date.parse(`${start}Z`), timeZone);
  const instants = expandSeries(lines, { startsAt, isAllDay, timeZone }, options.year ?? 2026);
  return instants.map((instant) =>
    new Date(instant).toISOString().replace(isAllDay ? "T00:00:00.000Z" : ":00.000Z", isAllDay ? "" : "Z"),
  );
}

describe("a recurrence", () => {
  test("keeps its wall-clock time when the clocks change", () => {
    expect(expand("2026-10-24T09:00:00", ["RRULE:FREQ=DAILY;COUNT=3"])).toEqual([
      "2026-10-24T07:00Z",
      "2026-10-25T08:00Z",
      "2026-10-26T08:00Z",
    ]);
  });

  test("at a time that is skipped counts with the offset before, at one that occurs twice with the first", () => {
    expect(expand("2026-03-28T02:30:00", ["RRULE:FREQ=DAILY;COUNT=3"])).toEqual([
      "2026-03-28T01:30Z",
      "2026-03-29T01:30Z",
      "2026-03-30T00:30Z",
    ]);
    expect(expand("2026-10-24T02:30:00", ["RRULE:FREQ=DAILY;COUNT=3"])).toEqual([
      "2026-10-24T00:30Z",
      "2026-10-25T00:30Z",
      "2026-10-26T01:30Z",
    ]);
  });

  test("ends with UNTIL, inclusive, as an instant, a wall-clock time or a day", () => {
    const last = (until: string) => expand("2026-11-02T09:00:00", [`RRULE:FREQ=DAILY;UNTIL=${until}`]).at(-1);
    expect(last("20261105T080000Z")).toBe("2026-11-05T08:00Z");
    expect(last("20261105T075959Z")).toBe("2026-11-04T08:00Z");
    expect(last("20261105T090000")).toBe("2026-11-05T08:00Z");
    expect(last("20261105")).toBe("2026-11-05T08:00Z");
    expect(expand("2026-11-02", ["RRULE:FREQ=DAILY;UNTIL=20261104"])).toEqual([
      "2026-11-02",
      "2026-11-03",
      "2026-11-04",
    ]);
    expect(expand("2026-11-02", ["RRULE:FREQ=DAILY;UNTIL=20261104T000000Z"]).at(-1)).toBe("2026-11-04");
  });

  test("leaves out EXDATEs in any form, and adds RDATEs", () => {
    const lines = [
      "RRULE:FREQ=DAILY;COUNT=6",
      "EXDATE:20261103T080000Z,20261104T080000Z",
      "EXDATE;TZID=America/New_York:20261105T030000",
      "EXDATE;VALUE=DATE:20261106",
    ];
    expect(expand("2026-11-02T09:00:00", lines)).toEqual(["2026-11-02T08:00Z", "2026-11-07T08:00Z"]);
    expect(expand("2026-11-02T09:00:00", ["RDATE;TZID=Europe/Zurich:20261110T100000,20261111T100000"])).toEqual([
      "2026-11-02T08:00Z",
      "2026-11-10T09:00Z",
      "2026-11-11T09:00Z",
    ]);
  });

  test("skips the days that a month or year does not have", () => {
    expect(expand("2026-01-31T09:00:00", ["RRULE:FREQ=MONTHLY;COUNT=3"])).toEqual([
      "2026-01-31T08:00Z",
      "2026-03-31T07:00Z",
      "2026-05-31T07:00Z",
    ]);
    expect(expand("2024-02-29", ["RRULE:FREQ=YEARLY;COUNT=3"])).toEqual(["2024-02-29", "2028-02-29", "2032-02-29"]);
    expect(expand("2026-01-31", ["RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"])).toEqual([
      "2026-01-31",
      "2026-02-28",
      "2026-03-31",
    ]);
  });

  test("counts its start as the first instance, also where the rule does not have it", () => {
    expect(expand("2026-11-03", ["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3"])).toEqual([
      "2026-11-03",
      "2026-11-09",
      "2026-11-16",
    ]);
  });

  test("knows weekdays, intervals and positions", () => {
    expect(expand("2026-11-02", ["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU;COUNT=4"])).toEqual([
      "2026-11-02",
      "2026-11-05",
      "2026-11-16",
      "2026-11-19",
    ]);
    expect(expand("2026-11-10", ["RRULE:FREQ=MONTHLY;BYDAY=2TU;COUNT=3"])).toEqual([
      "2026-11-10",
      "2026-12-08",
      "2027-01-12",
    ]);
    expect(expand("2026-11-30", ["RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3"])).toEqual([
      "2026-11-30",
      "2026-12-31",
      "2027-01-29",
    ]);
  });

  test("without an end reaches three years and 730 instances ahead, and not past the century", () => {
    const daily = expand("2026-11-02", ["RRULE:FREQ=DAILY"]);
    expect(daily.at(-1)).toBe("2028-12-31");
    expect(expand("2026-11-02", ["RRULE:FREQ=WEEKLY"])).toHaveLength(730);
    expect(expand("2026-11-02", ["RRULE:FREQ=YEARLY"]).at(-1)).toBe("2099-11-02");
  });

  test("that began long ago still covers the present", () => {
    expect(expand("1990-01-01T09:00:00", ["RRULE:FREQ=DAILY"])).toContain("2027-11-02T08:00Z");
  });

  test.each([
    ["RRULE:FREQ=SECONDLY", /SECONDLY is not supported/],
    ["RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", /days that its months do not have/],
    ["RRULE:FREQ=SOMETIMES", /Not a recurrence rule/],
    ["RRULE:FREQ=DAILY;COUNT=0", /Not a COUNT/],
    ["RRULE:FREQ=DAILY;UNTIL=tomorrow", /Not a date/],
    ["EXRULE:FREQ=DAILY", /Not a recurrence line/],
    ["nonsense", /Not a recurrence line/],
  ])("%s is refused with its reason", (line, reason) => {
    expect(() => expand("2026-11-02", [line])).toThrow(reason);
  });
});
