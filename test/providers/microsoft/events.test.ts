import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { joined, listedItemOf, type ListedItem, type Series } from "../../../src/providers/microsoft/events.js";
import type { CalendarEvent, EventChange } from "../../../src/providers/provider.js";
import { fullOccurrence, holiday, meeting, occurrence, removed, series } from "./graph-events.js";

function changeOf(found: unknown): EventChange {
  const item = listedItemOf(found);
  if (item.kind !== "change") throw new Error(`it is a ${item.kind}`);
  return item.change;
}

function eventOf(found: unknown): CalendarEvent {
  const change = changeOf(found);
  if (change.kind !== "event") throw new Error(`it is ${JSON.stringify(change)}`);
  return change.event;
}

function seriesOf(found: unknown): Series {
  const item = listedItemOf(found);
  if (item.kind !== "series") throw new Error(`it is a ${item.kind}`);
  return item.series;
}

function joinedEvent(found: unknown, master: unknown): EventChange {
  const item = listedItemOf(found);
  if (item.kind !== "occurrence") throw new Error(`it is a ${item.kind}`);
  return joined(item.occurrence, seriesOf(master));
}

const inZone = (dateTime: string, timeZone?: string | null) => ({ dateTime, timeZone });

describe("an event of Graph", () => {
  test("has its times in UTC and an IANA zone", () => {
    expect(eventOf(meeting)).toEqual({
      externalEventId: "AAMkmeeting=",
      recurringEventId: null,
      title: "Review",
      isTentative: false,
      startsAt: "2026-03-29T00:30:00.000Z",
      endsAt: "2026-03-29T01:30:00.000Z",
      isAllDay: false,
      timeZone: "Europe/Berlin",
      eventKey: null,
    });
  });

  test.each([
    ["a Windows zone", "W. Europe Standard Time", "2026-03-29T00:30:00.000Z"],
    ["an IANA zone", "Europe/Zurich", "2026-03-29T00:30:00.000Z"],
    ["UTC by Microsoft's name", "tzone://Microsoft/Utc", "2026-03-29T01:30:00.000Z"],
    ["no zone", null, "2026-03-29T01:30:00.000Z"],
  ])("whose start is told in %s is told in UTC", (_name, zone, startsAt) => {
    const found = {
      ...meeting,
      start: inZone("2026-03-29T01:30:00.0000000", zone),
      end: inZone("2026-03-29T09:00:00"),
    };
    expect(eventOf(found).startsAt).toBe(startsAt);
  });

  test.each(["UTC", "Pacific Standard Time", "Pacific/Kiritimati", "tzone://Microsoft/Custom", "rubbish", null])(
    "of whole days lasts from midnight UTC to midnight UTC, though Graph names the zone %s",
    (zone) => {
      const found = {
        ...holiday,
        start: inZone("2026-08-15T00:00:00.0000000", zone),
        end: inZone("2026-08-17T00:00:00.0000000", zone),
      };
      expect(eventOf(found)).toMatchObject({
        startsAt: "2026-08-15T00:00:00.000Z",
        endsAt: "2026-08-17T00:00:00.000Z",
        isAllDay: true,
      });
    },
  );

  test.each([
    ["tzone://Microsoft/Custom", null],
    ["tzone://Microsoft/Utc", "UTC"],
    ["America/New_York", "America/New_York"],
    ["Eastern Standard Time", "America/New_York"],
    ["Nowhere Standard Time", null],
    [7, null],
    [undefined, null],
  ])("made in the zone %s is in the zone %s", (originalStartTimeZone, timeZone) => {
    expect(eventOf({ ...meeting, originalStartTimeZone }).timeZone).toBe(timeZone);
  });

  test("that is tentative says so", () => {
    expect(eventOf({ ...meeting, showAs: "tentative" }).isTentative).toBe(true);
  });

  test.each([null, undefined])("whose subject is %s has an empty title", (subject) => {
    expect(eventOf({ ...meeting, subject }).title).toBe("");
  });

  test("of zero length is kept", () => {
    const { startsAt, endsAt } = eventOf({ ...meeting, end: meeting.start });
    expect(endsAt).toBe(startsAt);
  });

  test("loses NUL and broken characters of its subject, and nothing else of it", () => {
    expect(eventOf({ ...meeting, subject: "a\0b \uD83D c 😀 é" }).title).toBe("ab \uFFFD c 😀 é");
  });

  test("that was called off is removed, though it is still in the calendar", () => {
    expect(changeOf({ ...meeting, isCancelled: true, subject: "Canceled: Review" })).toEqual({
      kind: "removed",
      externalEventId: "AAMkmeeting=",
    });
  });

  test("that is told as removed is missing: it may only have moved", () => {
    expect(changeOf(removed("AAMkgone="))).toEqual({ kind: "missing", externalEventId: "AAMkgone=" });
  });

  test("with a key __proto__ changes no prototype", () => {
    const text = JSON.stringify(meeting).replace("{", '{"__proto__":{"polluted":true,"@removed":{}},');
    expect(eventOf(JSON.parse(text)).title).toBe("Review");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("an occurrence", () => {
  test("that is told in full names its series", () => {
    expect(eventOf(fullOccurrence(3))).toMatchObject({ recurringEventId: series.id, title: "Stand-up" });
  });

  test("that was changed has its own title", () => {
    expect(eventOf({ ...fullOccurrence(3, "Special"), type: "exception" })).toMatchObject({
      recurringEventId: series.id,
      title: "Special",
    });
  });

  test("that is told without anything but its times has the rest from its series", () => {
    expect(joinedEvent(occurrence(3), { ...series, showAs: "tentative" })).toEqual({
      kind: "event",
      event: {
        externalEventId: "AAMkseries=2026-03-03",
        recurringEventId: series.id,
        title: "Stand-up",
        isTentative: true,
        startsAt: "2026-03-03T00:30:00.000Z",
        endsAt: "2026-03-03T01:30:00.000Z",
        isAllDay: false,
        timeZone: "America/Los_Angeles",
        eventKey: null,
      },
    });
  });

  test("of a series of whole days is of whole days", () => {
    const times = { start: inZone("2026-03-03T00:00:00", "X"), end: inZone("2026-03-04T00:00:00", "X") };
    expect(joinedEvent({ ...occurrence(3), ...times }, { ...series, isAllDay: true })).toMatchObject({
      event: { isAllDay: true, startsAt: "2026-03-03T00:00:00.000Z", endsAt: "2026-03-04T00:00:00.000Z" },
    });
  });

  test("of a series that was called off is removed", () => {
    expect(joinedEvent(occurrence(3), { ...series, isCancelled: true })).toEqual({
      kind: "removed",
      externalEventId: "AAMkseries=2026-03-03",
    });
  });

  test("of a series of which nothing can be read has its times", () => {
    expect(
      joinedEvent(occurrence(3), { id: series.id, type: "seriesMaster", subject: 5, recurrence: "x" }),
    ).toMatchObject({
      event: { title: "", timeZone: null, startsAt: "2026-03-03T00:30:00.000Z" },
    });
  });
});

describe("an event that cannot be represented is skipped", () => {
  test.each<[string, unknown, string | null, string]>([
    ["null", null, null, "no usable id"],
    ["a text", "meeting", null, "no usable id"],
    ["no id", { ...meeting, id: undefined }, null, "no usable id"],
    ["an empty id", { ...meeting, id: "" }, null, "no usable id"],
    ["an id of 1025 bytes", { ...meeting, id: "v".repeat(1025) }, null, "no usable id"],
    ["an id that is a number", { ...meeting, id: 5 }, null, "no usable id"],
    ["an id with NUL", { ...meeting, id: "a\0b" }, null, "no usable id"],
    ["an id with a lone surrogate", { ...meeting, id: "a\uD800" }, null, "no usable id"],
    ["no start", { ...meeting, start: undefined }, meeting.id, "malformed start"],
    ["an empty start", { ...meeting, start: {} }, meeting.id, "malformed start.dateTime"],
    ["no end", { ...meeting, end: null }, meeting.id, "malformed end"],
    [
      "a time with an offset",
      { ...meeting, start: inZone("2026-03-29T01:30:00+02:00") },
      meeting.id,
      "malformed start.dateTime",
    ],
    ["a day alone", { ...meeting, start: inZone("2026-03-29") }, meeting.id, "malformed start.dateTime"],
    [
      "a day that does not exist",
      { ...meeting, start: inZone("2026-02-30T00:00:00") },
      meeting.id,
      "malformed start.dateTime",
    ],
    ["a subject that is a number", { ...meeting, subject: 5 }, meeting.id, "malformed subject"],
    [
      "an end before its start",
      { ...meeting, end: inZone("2026-03-28T00:00:00", "UTC") },
      meeting.id,
      "an end before its start",
    ],
    [
      "a zone nobody knows",
      { ...meeting, start: inZone("2026-03-29T00:30:00", "X") },
      meeting.id,
      "a time in a zone that is not known",
    ],
    [
      "a start in the year 0",
      { ...meeting, start: inZone("0000-06-01T00:00:00", "UTC") },
      meeting.id,
      "a time outside the years 1 to 9999",
    ],
  ])("%s", (_name, found, externalEventId, reason) => {
    expect(changeOf(found)).toEqual({ kind: "skipped", externalEventId, reason });
  });
});

describe("whatever Graph sends", () => {
  const storable = (text: string) => text.isWellFormed() && !text.includes("\0");
  const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
  const instant = fc.date({
    min: new Date("0001-01-03T00:00:00Z"),
    max: new Date("9999-12-29T00:00:00Z"),
    noInvalidDate: true,
  });
  const localTime = instant.map((time) => time.toISOString().slice(0, 23));
  const anyTime = fc.record(
    {
      dateTime: fc.oneof(anyText, localTime),
      timeZone: fc.oneof(anyText, fc.constantFrom("UTC", "Europe/Berlin", "Tokyo Standard Time", null)),
    },
    { requiredKeys: [] },
  );

  const told = (item: ListedItem): EventChange | null => {
    if (item.kind === "change") return item.change;
    return item.kind === "occurrence" ? joined(item.occurrence, seriesOf(series)) : null;
  };

  test("an event is told, missing, removed or skipped, and what is told can be stored", () => {
    const anyEvent = fc.record(
      {
        id: fc.oneof(anyText, fc.constant("id")),
        type: fc.constantFrom("singleInstance", "occurrence", "exception", "seriesMaster", "", null),
        seriesMasterId: fc.oneof(anyText, fc.constant("series"), fc.constant(null)),
        subject: fc.oneof(anyText, fc.constant(null)),
        showAs: anyText,
        isCancelled: fc.oneof(fc.boolean(), anyText),
        isAllDay: fc.boolean(),
        originalStartTimeZone: anyText,
        start: anyTime,
        end: anyTime,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anyEvent, fc.jsonValue()), (found) => {
        const change = told(listedItemOf(found));
        if (change?.kind !== "event") return;
        const { event } = change;
        expect([event.externalEventId, event.title, event.recurringEventId ?? ""].every(storable)).toBe(true);
        expect(event.endsAt >= event.startsAt).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("times of UTC are the same instants, with as many decimals as there are", () => {
    fc.assert(
      fc.property(instant, fc.nat(10 ** 10), fc.integer({ min: 3, max: 7 }), (start, length, decimals) => {
        const end = new Date(Math.min(start.getTime() + length, Date.parse("9999-12-30T00:00:00Z")));
        const written = (time: Date) =>
          inZone(
            time
              .toISOString()
              .slice(0, 23)
              .padEnd(20 + decimals, "0"),
            "UTC",
          );
        const event = eventOf({ ...meeting, start: written(start), end: written(end) });
        expect([event.startsAt, event.endsAt]).toEqual([start.toISOString(), end.toISOString()]);
      }),
    );
  });

  test("whole days stay the days they are, whatever the zone", () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"), "tzone://Microsoft/Custom", "X");
    fc.assert(
      fc.property(instant, fc.integer({ min: 1, max: 30 }), zones, (start, days, zone) => {
        const end = new Date(start.getTime() + days * 86_400_000);
        fc.pre(end < new Date("9999-12-30T00:00:00Z"));
        const midnight = (time: Date) => inZone(`${time.toISOString().slice(0, 10)}T00:00:00.0000000`, zone);
        const event = eventOf({ ...holiday, start: midnight(start), end: midnight(end) });
        const day = (time: Date) => `${time.toISOString().slice(0, 10)}T00:00:00.000Z`;
        expect([event.startsAt, event.endsAt]).toEqual([day(start), day(end)]);
      }),
    );
  });
});
