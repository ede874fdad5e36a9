import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { eventPatchBody, newEventBody } from "../../../src/providers/microsoft/event-body.js";
import { listedItemOf } from "../../../src/providers/microsoft/events.js";

const content = { title: "Review", isTentative: false, isAllDay: false };
const second = 1000;
const day = 86_400_000;

/** What is written, read as if Graph told it in the same words. */
function readBack(body: object): unknown {
  const item = listedItemOf({ id: "AAMkwritten=", type: "singleInstance", ...body });
  return item.kind === "change" && item.change.kind === "event" ? item.change.event : item;
}

const zones = fc.option(fc.constantFrom(...Intl.supportedValuesOf("timeZone"), "Europe/Kyiv", "Asia/Kolkata"));
/** Whole seconds, many of them near the hours at which clocks change in Europe and America. */
const instants = fc.oneof(
  fc
    .integer({ min: Date.parse("2000-01-01") / second, max: Date.parse("2040-01-01") / second })
    .map((each) => each * second),
  fc
    .tuple(
      fc.constantFrom("2026-03-08T08:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-11-01T07:00Z"),
      fc.integer({ min: -6 * 3600, max: 6 * 3600 }),
    )
    .map(([change, seconds]) => Date.parse(change) + seconds * second),
);

test("whatever the zone, a time that is written in it is the same instant when it is read", () => {
  const length = fc.integer({ min: 0, max: 100_000 });
  const property = fc.property(instants, length, zones, (start, seconds, timeZone) => {
    const startsAt = new Date(start).toISOString();
    const endsAt = new Date(start + seconds * second).toISOString();
    const written = eventPatchBody({ ...content, startsAt, endsAt, timeZone }, ["times"], null);
    expect(readBack(written)).toMatchObject({ startsAt, endsAt, isAllDay: false });
  });
  fc.assert(property, { numRuns: 400 });
});

test("whatever the zone, whole days are the same days when they are read", () => {
  const property = fc.property(instants, fc.integer({ min: 1, max: 40 }), zones, (instant, days, timeZone) => {
    const start = Math.floor(instant / day) * day;
    const startsAt = new Date(start).toISOString();
    const endsAt = new Date(start + days * day).toISOString();
    const body = newEventBody("0f8fad5b-d9cb-469f-a165-70867728950e", {
      ...content,
      startsAt,
      endsAt,
      timeZone,
      isAllDay: true,
    });
    expect(readBack(body)).toMatchObject({ startsAt, endsAt, isAllDay: true });
  });
  fc.assert(property, { numRuns: 50 });
});
