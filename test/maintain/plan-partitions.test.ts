import { describe, expect, test } from "@jest/globals";
import { planPartitions, type IdRange, type TableGrowth } from "../../src/maintain/plan-partitions.js";

function plan(growth: Partial<TableGrowth>): string[] {
  const planned = planPartitions({
    partitions: [],
    lastId: 0,
    leastIds: 1000,
    isDefaultLightFrom: () => true,
    ...growth,
  });
  return planned.map(({ from, to }) => `${from}-${to}`);
}

function ranges(count: number, ids = 1000, first = 0): IdRange[] {
  return Array.from({ length: count }, (_, index) => ({ from: first + index * ids, to: first + (index + 1) * ids }));
}

describe("partitions are planned", () => {
  test("for an empty table, one to fill and one ahead", () => {
    expect(plan({})).toEqual(["0-1000", "1000-2000"]);
  });

  test("around the rows that DEFAULT holds where they are few", () => {
    expect(plan({ lastId: 2500 })).toEqual(["2000-3000", "3000-4000"]);
  });

  test("beyond the rows that DEFAULT holds where they are many, and beyond ids that are on their way", () => {
    expect(plan({ lastId: 2500, isDefaultLightFrom: () => false })).toEqual(["3000-4000"]);
    expect(plan({ lastId: 2950, isDefaultLightFrom: () => false })).toEqual(["4000-5000"]);
  });

  test("none while a whole one is ahead", () => {
    expect(plan({ partitions: ranges(3), lastId: 1999 })).toEqual([]);
    expect(plan({ partitions: ranges(3), lastId: 2000 })).toEqual(["3000-4000"]);
  });

  test("where ids have gone beyond the last one, after a gap", () => {
    expect(plan({ partitions: ranges(2), lastId: 7300 })).toEqual(["7000-8000", "8000-9000"]);
    expect(plan({ partitions: ranges(2), lastId: 2300 })).toEqual(["2000-3000", "3000-4000"]);
    expect(plan({ partitions: ranges(2, 1500), lastId: 3200 })).toEqual(["3000-4000", "4000-5000"]);
  });

  test("as large as an eighth of what is kept", () => {
    expect(plan({ partitions: ranges(3, 8000), lastId: 23_999 })).toEqual(["24000-27000"]);
  });

  test("never more than 13 in all, however fast ids are used and nothing is dropped", () => {
    const all: IdRange[] = [];
    for (let lastId = 0; lastId < 100_000_000; lastId = Math.max(lastId + 500, Math.floor(lastId * 1.05))) {
      all.push(...planPartitions({ partitions: all, lastId, leastIds: 1000, isDefaultLightFrom: () => false }));
      expect(all.length).toBeLessThanOrEqual(13);
    }
    expect(all.length).toBe(13);
  });

  test("enough of them for a load that lasts: ids always have one, and at most 13 are live", () => {
    const kept = 90_000;
    let live: IdRange[] = [];
    for (let lastId = 0; lastId < 1_000_000; lastId += 300) {
      live = live.filter(({ to }) => to > lastId - kept);
      live.push(...planPartitions({ partitions: live, lastId, leastIds: 1000, isDefaultLightFrom: () => false }));
      expect(live.length).toBeLessThanOrEqual(13);
      expect(live.at(-1)?.to).toBeGreaterThan(lastId);
    }
  });
});
