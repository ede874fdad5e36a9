import { randomUUID } from "node:crypto";
import { expect, test } from "@jest/globals";
import type { EventContent } from "../../src/providers/provider.js";
import { content, eventIn, type WriteWorld } from "./write-world.js";

const day = (from: string, to: string): EventContent => ({
  ...content,
  startsAt: `${from}T00:00:00.000Z`,
  endsAt: `${to}T00:00:00.000Z`,
  isAllDay: true,
  timeZone: null,
});
const hour = (startsAt: string, endsAt: string, timeZone: string | null): EventContent => ({
  ...content,
  startsAt: `${startsAt}:00.000Z`,
  endsAt: `${endsAt}:00.000Z`,
  timeZone,
});

/** What it may be changed to and from. */
const times: [string, EventContent][] = [
  ["a day", day("2026-12-01", "2026-12-02")],
  ["three days over a change of the clocks", day("2027-03-27", "2027-03-30")],
  ["an hour", hour("2026-12-01T09:00", "2026-12-01T10:00", "Europe/Berlin")],
  ["no length", hour("2026-12-01T09:00", "2026-12-01T09:00", "Europe/Berlin")],
  ["a night in another zone", hour("2026-12-01T04:30", "2026-12-01T12:00", "America/New_York")],
  ["the hour before the clocks go forward", hour("2027-03-28T00:30", "2027-03-28T01:30", "Europe/Berlin")],
  ["the hour that clocks show first in autumn", hour("2026-10-25T00:15", "2026-10-25T00:45", "Europe/Berlin")],
  ["the hour that clocks show again in autumn", hour("2026-10-25T01:15", "2026-10-25T01:45", "Europe/Berlin")],
  ["from one of them into the other", hour("2026-10-25T00:30", "2026-10-25T01:30", "Europe/Berlin")],
  ["a zone of half hours", hour("2026-12-01T04:30", "2026-12-01T05:15", "Australia/Adelaide")],
  ["a zone that shares its Windows name", hour("2026-12-01T04:30", "2026-12-01T05:15", "Europe/Zurich")],
  ["a zone that Windows does not have", hour("2026-12-01T04:30", "2026-12-01T05:15", "Antarctica/Troll")],
  ["a zone under its new name", hour("2026-12-01T04:30", "2026-12-01T05:15", "Europe/Kyiv")],
  ["no zone", hour("2026-12-01T04:30", "2026-12-01T05:15", null)],
];

/** Times, zones and whole days come back as they were given. */
export function describeWriteTimes(writes: WriteWorld): void {
  const shown = ({ startsAt, endsAt, isAllDay }: EventContent) => ({ startsAt, endsAt, isAllDay });

  test.each(times)("is %s, told as it was given", async (_name, given) => {
    const eventKey = randomUUID();
    const written = await writes.create(eventKey, given);
    expect(written).toMatchObject({ event: shown(given) });
    await writes.expectEcho(written);
    expect(await writes.create(eventKey, given)).toEqual({ ...written, isChanged: false });
  });

  test("is changed from each of these to the next", async () => {
    const { event } = await writes.made(randomUUID());
    for (const [, given] of [...times, ...times.toReversed()]) {
      const written = await writes.update(event, given, ["times"]);
      expect(written).toMatchObject({ event: { ...shown(given), title: content.title } });
      if (eventIn(written).isChanged) await writes.expectEcho(written);
      await writes.expectSame();
    }
  });
}
