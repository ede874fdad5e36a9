import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { violations } from "../faults/lost-workers.js";
import { quickRetries, TestApp } from "../support/app.js";
import { isLong } from "../support/long.js";
import { deeds, PushHistory, type Deed } from "./push-history.js";

const milliseconds = isLong ? 180_000 : 15_000;

jest.setTimeout(milliseconds + 120_000);

let connections = 0;

async function live(app: TestApp, history: readonly Deed[]): Promise<void> {
  connections += 1;
  const provider = connections % 2 === 0 ? "GOOGLE" : "MICROSOFT";
  const told = await PushHistory.begin(app, `history${connections}@example.com`, provider);
  for (const deed of history) await told.happen(deed);
  await told.comeToRest();
  const violated = await violations(app);
  if (violated.length > 0) throw new Error(`violated: ${violated.join(", ")}`);
}

/** Three histories at a time, as many as fit into the time; a failure is told with its seed. */
test("whoever changes what, and whatever is lost on the way, both sides have the same in the end", async () => {
  const app = await TestApp.start({ environment: { ...quickRetries, MAX_RETRIES: "2", WORKER_CONCURRENCY: "8" } });
  const underWay: Promise<void>[] = [];
  try {
    const property = fc.asyncProperty(fc.tuple(deeds, deeds, deeds), async (histories) => {
      const lives = histories.map((history) => live(app, history));
      underWay.push(...lives);
      const ended = await Promise.allSettled(lives);
      for (const outcome of ended) if (outcome.status === "rejected") throw outcome.reason;
    });
    const details = await fc.check(property, { interruptAfterTimeLimit: milliseconds, endOnFailure: true });
    expect(details.failed ? fc.defaultReportMessage(details) : null).toBeNull();
  } finally {
    await Promise.allSettled(underWay); // what the time limit has cut off
    await app.stop();
  }
});
