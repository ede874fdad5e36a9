import fc from "fast-check";
import { violations } from "../faults/lost-workers.js";
import { quickRetries, TestApp } from "../support/app.js";
import { deeds, PushHistory, type Deed } from "./push-history.js";

let connections = 0;

async function liveOne(app: TestApp, history: readonly Deed[]): Promise<void> {
  connections += 1;
  const provider = connections % 2 === 0 ? "GOOGLE" : "MICROSOFT";
  const told = await PushHistory.begin(app, `history${connections}@example.com`, provider);
  for (const deed of history) await told.happen(deed);
  await told.comeToRest();
  const violated = await violations(app);
  if (violated.length > 0) throw new Error(`violated: ${violated.join(", ")}`);
}

/** As many random histories as fit into the time, three at once. A failure is told with its seed. */
export async function live(milliseconds: number): Promise<fc.RunDetails<[[Deed[], Deed[], Deed[]]]>> {
  const app = await TestApp.start({ environment: { ...quickRetries, MAX_RETRIES: "2", WORKER_CONCURRENCY: "8" } });
  const underWay: Promise<void>[] = [];
  try {
    const property = fc.asyncProperty(fc.tuple(deeds, deeds, deeds), async (histories) => {
      const lives = histories.map((history) => liveOne(app, history));
      underWay.push(...lives);
      const ended = await Promise.allSettled(lives);
      for (const outcome of ended) if (outcome.status === "rejected") throw outcome.reason;
    });
    return await fc.check(property, { interruptAfterTimeLimit: milliseconds, endOnFailure: true });
  } finally {
    await Promise.allSettled(underWay); // what the time limit has cut off
    await app.stop();
  }
}
