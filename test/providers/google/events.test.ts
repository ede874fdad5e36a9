import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { eventListOf, eventChangeOf } from "../../../src/providers/google/events.js";
import type { CalendarEvent } from "../../../src/providers/provider.js";

const meeting = {
  kind: "calendar#event",
  id: "meeting1",
  status: "confirmed",
  summary: "Review",
  start: { dateTime: "2026-03-29T01:30:00+01:00", timeZone: "Europe/Berlin" },
  end: { dateTime: "2026-03-29T03:30:00+02:00", timeZone: "Europe/Berlin" },
};
const holiday = {
  id: "holiday1",
  status: "confirmed",
  summary: "Ferragosto",
  start: { date: "2026-08-15" },
  end: { date: "2026-08-16" },
};

function eventOf(found: unknown): CalendarEvent {
  const change = eventChangeOf(found);
  if (change.kind !== "event") throw new Error(`it is ${JSON.stringify(change)}`);
  return change.event;
}

describe("an event of Google", () => {
  test("with an offset is told in UTC, also across a change of the clocks", () => {
    expect(eventOf(meeting)).toEqual({
      externalEventId: "meeting1",
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

  test("of whole days lasts from midnight UTC to midnight UTC after its last day", () => {
    expect(eventOf(holiday)).toMatchObject({
      startsAt: "2026-08-15T00:00:00.000Z",
      endsAt: "2026-08-16T00:00:00.000Z",
      isAllDay: true,
      timeZone: null,
    });
  });

  test("that is an occurrence names its series", () => {
    const occurrence = { ...meeting, id: "series_20260329T003000Z", recurringEventId: "series" };
    expect(eventOf(occurrence).recurringEventId).toBe("series");
  });

  test("that is tentative says so", () => {
    expect(eventOf({ ...meeting, status: "tentative" }).isTentative).toBe(true);
  });

  test("without a summary, as others' private events come, has an empty title", () => {
    expect(eventOf({ ...meeting, summary: undefined, visibility: "private" }).title).toBe("");
  });

  test("of zero length is kept", () => {
    const { startsAt, endsAt } = eventOf({ ...meeting, end: meeting.start });
    expect(endsAt).toBe(startsAt);
  });

  test("without an end lasts no time, or a day if it is of whole days", () => {
    expect(eventOf({ ...meeting, end: undefined }).endsAt).toBe("2026-03-29T00:30:00.000Z");
    expect(eventOf({ ...holiday, end: undefined }).endsAt).toBe("2026-08-16T00:00:00.000Z");
  });

  test.each([
    ["an unknown zone", "Mars/Olympus_Mons", null],
    ["an offset", "+02:00", null],
    ["rubbish", "a\0b", null],
    ["a number", 7, null],
    ["an IANA name", "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
  ])("whose time zone is %s", (_name, timeZone, expected) => {
    expect(eventOf({ ...meeting, start: { ...meeting.start, timeZone } }).timeZone).toBe(expected);
  });

  test("loses NUL and broken characters of its title, and nothing else of it", () => {
    expect(eventOf({ ...meeting, summary: "a\0b \uD83D c 😀 é" }).title).toBe("ab \uFFFD c 😀 é");
  });

  test("that is cancelled is removed, though only its id is there", () => {
    expect(eventChangeOf({ id: "gone", status: "cancelled" })).toEqual({ kind: "removed", externalEventId: "gone" });
  });

  test("with a key __proto__ changes no prototype", () => {
    const found: unknown = JSON.parse(
      JSON.stringify(meeting).replace(
        "{",
        '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},',
      ),
    );
    expect(eventOf(found).title).toBe("Review");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
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
    ["no start", { ...meeting, start: undefined }, "meeting1", "malformed start"],
    ["an empty start", { ...meeting, start: {} }, "meeting1", "no start"],
    [
      "a time without offset",
      { ...meeting, start: { dateTime: "2026-03-29T01:30:00" } },
      "meeting1",
      "malformed start.dateTime",
    ],
    ["a day that does not exist", { ...holiday, start: { date: "2026-02-30" } }, "holiday1", "malformed start.date"],
    [
      "an end before its start",
      { ...meeting, end: { dateTime: "2026-03-29T01:29:59+01:00" } },
      "meeting1",
      "an end before its start",
    ],
    [
      "a day of end before its start",
      { ...holiday, end: { date: "2026-08-14" } },
      "holiday1",
      "an end before its start",
    ],
    [
      "an end of another kind",
      { ...meeting, end: { date: "2026-03-30" } },
      "meeting1",
      "an end of another kind than its start",
    ],
    [
      "a start in the year 0",
      { ...meeting, start: { dateTime: "0000-06-01T00:00:00Z" } },
      "meeting1",
      "a time outside the years 1 to 9999",
    ],
    [
      "an end in the year 10000",
      { ...meeting, end: { dateTime: "9999-12-31T23:59:59-12:00" } },
      "meeting1",
      "a time outside the years 1 to 9999",
    ],
  ])("%s", (_name, found, externalEventId, reason) => {
    expect(eventChangeOf(found)).toEqual({ kind: "skipped", externalEventId, reason });
  });

  test("the longest id Google allows is kept", () => {
    expect(eventOf({ ...meeting, id: "v".repeat(1024) }).externalEventId).toHaveLength(1024);
  });
});

describe("a page of Google's list", () => {
  test.each<[string, unknown]>([
    ["the text of a truncated answer", '{"items":[{"id":"meet'],
    ["nothing", ""],
    ["an empty object", {}],
    ["a list", [meeting]],
    ["a page that leads nowhere", { items: [meeting] }],
    ["a page that leads on and ends", { items: [], nextPageToken: "p", nextSyncToken: "s" }],
    ["empty tokens", { items: [], nextPageToken: "", nextSyncToken: "" }],
    ["a token that is a number", { items: [], nextSyncToken: 5 }],
    ["a token with NUL, which cannot be stored", { items: [], nextSyncToken: "a\0" }],
    ["items that are no list", { items: { 0: meeting }, nextSyncToken: "s" }],
  ])("is not %s", (_name, answer) => {
    expect(eventListOf(answer)).toBeNull();
  });

  test("may be empty and lead on", () => {
    expect(eventListOf({ nextPageToken: "p" })).toEqual({ changes: [], nextPageToken: "p", nextSyncToken: null });
  });

  test("goes on after a broken event", () => {
    const page = eventListOf({ items: [{ id: "" }, meeting, { id: "x" }, holiday], nextSyncToken: "s" });
    expect(page?.changes.map(({ kind }) => kind)).toEqual(["skipped", "event", "skipped", "event"]);
  });

  test("that names an event twice tells its last state once", () => {
    const page = eventListOf({
      items: [meeting, holiday, { ...meeting, summary: "Moved" }, { id: "holiday1", status: "cancelled" }, {}, {}],
      nextSyncToken: "s",
    });
    expect(page?.changes).toEqual([
      { kind: "event", event: { ...eventOf(meeting), title: "Moved" } },
      { kind: "removed", externalEventId: "holiday1" },
      { kind: "skipped", externalEventId: null, reason: "no usable id" },
      { kind: "skipped", externalEventId: null, reason: "no usable id" },
    ]);
  });
});

describe("whatever Google sends", () => {
  const storable = (text: string) => text.isWellFormed() && !text.includes("\0");
  const instant = fc.date({
    min: new Date("0001-01-02T00:00:00Z"),
    max: new Date("9999-12-30T00:00:00Z"),
    noInvalidDate: true,
  });
  const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
  const anyTime = fc.record(
    {
      date: fc.oneof(anyText, fc.constant("2026-01-01")),
      dateTime: fc.oneof(anyText, instant.map(String)),
      timeZone: anyText,
    },
    { requiredKeys: [] },
  );

  test("an event is told, removed or skipped, and what is told can be stored", () => {
    const anyEvent = fc.record(
      {
        id: fc.oneof(anyText, fc.constant("id")),
        status: anyText,
        summary: anyText,
        recurringEventId: anyText,
        start: anyTime,
        end: anyTime,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anyEvent, fc.jsonValue()), (found) => {
        const change = eventChangeOf(found);
        if (change.kind !== "event") return;
        const { event } = change;
        expect([event.externalEventId, event.title, event.recurringEventId ?? ""].every(storable)).toBe(true);
        expect(event.endsAt >= event.startsAt).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("two times are the same instants in UTC, whatever their offsets", () => {
    const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(instant, fc.nat(10 ** 10), offset, offset, (start, length, startOffset, endOffset) => {
        const end = new Date(Math.min(start.getTime() + length, Date.parse("9999-12-30T00:00:00Z")));
        const event = eventOf({
          id: "id",
          start: { dateTime: withOffset(start, startOffset) },
          end: { dateTime: withOffset(end, endOffset) },
        });
        expect([event.startsAt, event.endsAt]).toEqual([start.toISOString(), end.toISOString()]);
      }),
    );
  });
});

/** RFC 3339 with an offset in minutes. */
function withOffset(time: Date, offset: number): string {
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const minutes = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
