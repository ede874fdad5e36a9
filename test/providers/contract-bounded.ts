import { expect, test } from "@jest/globals";
import type { ChangeRange } from "../../src/providers/provider.js";
import { CalendarCopy } from "./calendar-copy.js";
import { account, at, review, window, type ContractWorld } from "./contract-world.js";

const daily = {
  title: "Daily",
  start: at("2023-01-01T08:30:00"),
  end: at("2023-01-01T08:45:00"),
  recurrence: ["RRULE:FREQ=DAILY"],
};

/** Rounds over any range, beside the cursor. */
export function describeBoundedRounds(world: ContractWorld): void {
  const pulled = async (from: string, to: string) => {
    const range = { windowStart: new Date(from), windowEnd: new Date(to) };
    const copy = new CalendarCopy();
    const pages = await world.pull(copy, { kind: "BOUNDED", ...range });
    return { range, copy, pages };
  };
  const expectAll = ({ range, copy }: Awaited<ReturnType<typeof pulled>>) => {
    const { windowStart, windowEnd } = range;
    expect(copy.occurrences(range)).toEqual(world.control.occurrences(account, windowStart, windowEnd));
  };

  test.each([
    ["a day", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 2],
    ["a month far from every other round", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", 29],
    ["five years with two leap days", "2023-01-01T00:00:00Z", "2028-03-01T00:00:00Z", 1887],
    ["six years", "2023-01-01T00:00:00.500Z", "2029-01-01T00:00:00.250Z", 2193],
  ])("over %s tells what lies in it, and yields no cursor", async (_name, from, to, count) => {
    world.control.createEvent(account, daily);
    world.control.createEvent(account, review);
    const round = await pulled(from, to);
    expectAll(round);
    expect(round.copy.occurrences(round.range)).toHaveLength(count);
    expect(round.pages.map(({ nextCursor }) => nextCursor)).toEqual(round.pages.map(() => null));
  });

  test.each(["short", "empty"] as const)("goes over several pages (%s)", async (pages) => {
    world.control.createEvent(account, daily);
    world.control.setScenario({ pages });
    const round = await pulled("2023-01-01T00:00:00Z", "2028-12-01T00:00:00Z");
    expectAll(round);
    expect(round.pages.length).toBeGreaterThan(1);
  });

  test("leaves out what is cancelled, and keeps what has no length at its start", async () => {
    const { control } = world;
    const { id } = control.createEvent(account, daily);
    control.cancelEvent(account, `${id}_20261122T073000Z`);
    control.cancelEvent(account, control.createEvent(account, review).id);
    const moment = at("2026-11-20T00:00:00Z", "UTC");
    control.createEvent(account, { title: "Edge", start: moment, end: moment });
    expectAll(await pulled("2026-11-20T00:00:00Z", "2026-11-25T00:00:00Z"));
  });

  test("leaves a cursor as it was", async () => {
    const { control } = world;
    control.createEvent(account, review);
    const copy = new CalendarCopy();
    await world.pull(copy);
    control.createEvent(account, { ...review, title: "Later" });
    await pulled("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(2);
  });
}

/** A round that is interrupted after each page goes on in another attempt, which knows nothing of the first. */
export function describeInterruptedRounds(world: ContractWorld): void {
  const pulledInPieces = async (range: ChangeRange, copy: CalendarCopy) => {
    const accessToken = await world.access();
    let pageToken: string | null = null;
    for (;;) {
      const calendar = world.openCalendar();
      let page = await calendar.listChanges({ accessToken, range, pageToken });
      copy.apply(await world.resolved(page, copy, calendar, accessToken));
      // What waits in memory makes a round go back; it must go on in the same attempt, then.
      while (page.nextPageToken !== null && page.resumePageToken === pageToken) {
        page = await calendar.listChanges({ accessToken, range, pageToken: page.nextPageToken });
        copy.apply(await world.resolved(page, copy, calendar, accessToken));
      }
      if (page.nextPageToken === null) return;
      pageToken = page.resumePageToken;
    }
  };

  test.each([
    ["full", { kind: "FULL", ...window }, "creation"],
    ["full, in any order", { kind: "FULL", ...window }, "arbitrary"],
    ["bounded", { kind: "BOUNDED", ...window }, "creation"],
  ] as const)("%s", async (_name, range, itemOrder) => {
    const { control } = world;
    for (let hour = 8; hour < 14; hour += 1) {
      const day = `2026-06-02T${String(hour).padStart(2, "0")}`;
      const times = { start: at(`${day}:00:00`), end: at(`${day}:30:00`) };
      control.createEvent(account, { title: `At ${hour}`, ...times, recurrence: ["RRULE:FREQ=DAILY"] });
    }
    control.setScenario({ pages: "short", itemOrder, hasDuplicates: true });
    const copy = new CalendarCopy();
    await pulledInPieces(range, copy);
    control.setScenario({});
    world.expectSame(copy);
    if (range.kind === "BOUNDED") return;
    control.createEvent(account, review);
    await world.pullChanges(copy);
    world.expectSame(copy);
  });
}
