import { afterEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { StatisticsChange } from "../../src/connections/statistics-change.js";
import { histories, type Deed } from "./deeds.js";
import { HistoryWorld } from "./history-world.js";

jest.setTimeout(180_000);

afterEach(() => {
  jest.restoreAllMocks();
});

/** As many random histories as fit into the time, three at once. A failure is told with its seed; to make it smaller would take long. */
async function live(milliseconds: number, kinds?: Deed["kind"][]): Promise<fc.RunDetails<[Deed[][]]>> {
  const world = await HistoryWorld.start();
  try {
    const three = fc.array(histories(kinds), { minLength: 3, maxLength: 3 });
    const property = fc.asyncProperty(three, (deeds) => world.live(deeds));
    return await fc.check(property, { numRuns: 100, interruptAfterTimeLimit: milliseconds, endOnFailure: true });
  } finally {
    await world.stop();
  }
}

test("whatever managers, providers and workers do, every invariant holds and everything comes to rest", async () => {
  const details = await live(40_000);
  expect(details.failed ? fc.defaultReportMessage(details) : null).toBeNull();
  expect(details.numRuns).toBeGreaterThan(2);
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
    const details = await live(90_000, kinds);
    expect(details.failed).toBe(true);
    // By an invariant, or by the last full round, where that closes the first failure of the history.
    expect(String(details.errorInstance)).toMatch(/violated|has not settled everything/);
  });
});
