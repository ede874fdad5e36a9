import { setTimeout as delay } from "node:timers/promises";
import { outageLimits } from "../../src/connections/outage-limits.js";
import { startTestCluster } from "../support/test-cluster.js";
import { OutageWorld } from "../sync/outage-world.js";
import type { Bench, Measurement } from "./measurement.js";

const watchedSeconds = 120;
const tellEveryMs = 10_000;

/** A provider is down while the retries of thousands of connections are due: what reaches it, beside what may. */
export const outageBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  const connections = isQuick ? 500 : 10_000;
  try {
    return [
      await outage(connections, { name: "with the breaker", breakerConnections: 5, tell }),
      await outage(connections, { name: "by the retry budget alone", breakerConnections: 1_000_000, tell }),
    ];
  } finally {
    await stopCluster();
  }
};

async function outage(
  connections: number,
  { name, breakerConnections, tell }: { name: string; breakerConnections: number; tell: (line: string) => void },
): Promise<Measurement> {
  tell(`${connections} connections ${name}`);
  const limits = { ...outageLimits, breakerConnections };
  const world = await OutageWorld.start({ connections, limits, processes: 2 });
  try {
    world.goDown();
    const begun = await world.databaseSeconds();
    await world.app.sql("update calendar_connection set next_pull_at = now()");
    if (breakerConnections > connections) await untilAllHaveFailed(world, connections, tell);
    await delay(watchedSeconds * 1000);
    const seconds = (await world.databaseSeconds()) - begun;
    const { first } = await world.attempts();
    const requests = world.requests();
    const allowed = 1.1 * first + seconds + outageLimits.retryBurst;
    const waiting = await world.count("status = 'RETRYING' or waits_for_provider");
    return {
      what: `requests in an outage, ${connections} connections, ${name}`,
      target: `≤ ${Math.round(allowed)} (1.1 × ${first} first tries + 60 a minute and a burst of ${outageLimits.retryBurst} in ${Math.round(seconds)} s)`,
      measured: `${requests}, ${waiting} runs wait`,
      isMet: requests <= allowed,
      profile: "more reached the provider than may",
    };
  } finally {
    await world.stop();
  }
}

/** Behind a breaker most do not even begin. */
async function untilAllHaveFailed(
  world: OutageWorld,
  connections: number,
  tell: (line: string) => void,
): Promise<void> {
  for (;;) {
    const { first } = await world.attempts();
    tell(`${first} first tries, ${world.requests()} requests`);
    if (first >= connections) return;
    await delay(tellEveryMs);
  }
}
