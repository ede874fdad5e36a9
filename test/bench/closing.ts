import { closeSucceeded } from "../../src/attempts/close-attempt.js";
import { lockRunAndConnection } from "../../src/attempts/lock.js";
import type { StartedAttempt } from "../../src/attempts/start-attempt.js";
import { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { StatisticsChange } from "../../src/connections/statistics-change.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { IngestWorld } from "./ingest-world.js";
import { median, type Bench } from "./measurement.js";

const attempts = 500;
const leastShare = 0.85;

/** Undoes a round, so that the next one closes the same attempts. */
class RolledBack extends Error {}

/** What counters cost: 500 attempts closed in one transaction with and without them, in turns. */
export const closingBench: Bench = async ({ isQuick, tell }) => {
  const world = await IngestWorld.start();
  try {
    const started: StartedAttempt[] = [];
    for (let count = 0; count < attempts; count += 1) started.push(await world.begin(await world.connect()));
    await world.superuser.query("vacuum analyze");
    const shares: number[] = [];
    await closeAll(world, started, true);
    for (let round = 0; round < (isQuick ? 3 : 9); round += 1) {
      const without = await closeAll(world, started, false);
      const counted = await closeAll(world, started, true);
      tell(`${attempts} attempts: ${Math.round(without)} ms without counters, ${Math.round(counted)} ms with them`);
      shares.push(without / counted);
    }
    const share = median(shares);
    return [
      {
        what: `closing ${attempts} attempts in a transaction with counters, beside without`,
        ...{ target: `≥ ${leastShare}`, measured: share.toFixed(2), isMet: share >= leastShare },
        profile: "one statement more for each attempt",
      },
    ];
  } finally {
    await world.stop();
  }
};

async function closeAll(world: IngestWorld, started: readonly StartedAttempt[], isCounted: boolean): Promise<number> {
  const begun = performance.now();
  await unitOfWork(world.em, "1", async (unit) => {
    for (const { runId, attemptId } of started) {
      const locked = await lockRunAndConnection(unit, runId);
      if (!locked) throw new Error("the run is gone");
      const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: attemptId });
      const statistics = new StatisticsChange();
      await closeSucceeded({ unit, ...locked, attempt, statistics }, 1, world.closing);
      await unit.em.flush();
      if (isCounted) await statistics.apply(unit, locked.connection.id);
      unit.em.clear(); // a worker's transaction knows one attempt
    }
    throw new RolledBack();
  }).catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error;
  });
  return performance.now() - begun;
}
