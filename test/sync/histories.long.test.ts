import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { StatisticsChange } from "../../src/connections/statistics-change.js";
import type { Deed } from "./deeds.js";
import { live } from "./live-histories.js";

jest.setTimeout(180_000);

afterEach(() => {
  jest.restoreAllMocks();
});

function requeue(this: SyncRun): void {
  this.requeue();
}

describe("the random histories find", () => {
  const nothing = () => undefined;
  test.each<[string, () => unknown, Deed["kind"][]]>([
    [
      "a counter that is not lowered",
      () => jest.spyOn(StatisticsChange.prototype, "failureClosed").mockImplementation(nothing),
      ["fault", "pull", "resync", "wait"],
    ],
    [
      "a retry that stays ahead of a held run",
      () => jest.spyOn(SyncAttempt.prototype, "waitForNoRetry").mockImplementation(nothing),
      ["fault", "pull", "pause", "resume", "wait"],
    ],
    [
      "a replay that is taken for a retry",
      () => jest.spyOn(SyncRun.prototype, "replay").mockImplementation(requeue),
      ["fault", "pull", "replay", "timePasses", "wait"],
    ],
  ])("%s", async (_bug, plant, kinds) => {
    plant();
    const details = await live({ numRuns: 100, milliseconds: 90_000 }, kinds);
    expect(details.failed).toBe(true);
    // By an invariant, or by the last full round, where that closes the first failure of the history.
    expect(String(details.errorInstance)).toMatch(/violated|has not settled everything/);
  });
});
