import fc from "fast-check";
import { histories, type Deed } from "./deeds.js";
import { HistoryWorld } from "./history-world.js";

/** So many times three random histories at once, within a time. A failure is told with its seed; to make it smaller would take long. */
export async function live(
  { numRuns, milliseconds }: { numRuns: number; milliseconds: number },
  kinds?: Deed["kind"][],
): Promise<fc.RunDetails<[Deed[][]]>> {
  const world = await HistoryWorld.start();
  try {
    const three = fc.array(histories(kinds), { minLength: 3, maxLength: 3 });
    const property = fc.asyncProperty(three, (deeds) => world.live(deeds));
    return await fc.check(property, { numRuns, interruptAfterTimeLimit: milliseconds, endOnFailure: true });
  } finally {
    await world.stop();
  }
}
