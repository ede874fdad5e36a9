import { ModelWorld, type HistoryWatch } from "./model-world.js";
import type { Tally } from "./tally.js";

/** Of each provider: with more connections in one installation its scheduler would have more to look at than to do. */
const perWorld = 250;
const lanes = 8;

export interface ManyHistories {
  /** Of each provider. */
  count: number;
  /** Of the first lane: every other one has another. */
  seed: number;
  /** Whether the first failure of a lane is told as it is, without looking for a smaller one. */
  endOnFailure: boolean;
  tally: Tally;
  watch: HistoryWatch;
}

/** So many random histories of each provider, in one installation after another. Returns what failed, a line each. */
export async function liveInWorlds({ count, seed, tally, ...rest }: ManyHistories): Promise<string[]> {
  const failures: string[] = [];
  for (let lived = 0; lived < count; lived += perWorld) {
    const histories = Math.min(perWorld, count - lived);
    const world = await ModelWorld.start(tally);
    try {
      const each = { lanes, histories, ...rest };
      const ofProviders = await Promise.all([
        world.liveMany("GOOGLE", { ...each, seed: seed + lived }),
        world.liveMany("MICROSOFT", { ...each, seed: seed + lived + lanes }),
      ]);
      failures.push(...ofProviders.flat(), ...(await world.violated()));
    } finally {
      await world.stop();
    }
  }
  return failures;
}
