import { startTestCluster } from "../support/test-cluster.js";
import { LargeSync } from "../sync/large-sync.js";
import type { Bench } from "./measurement.js";
import { peakMegabytes } from "./process-memory.js";

const mostMegabytes = 256;
const mostTimes = 1.3;

/** What a worker process has resident at most in the first resync of a large calendar, beside one of a tenth of it. */
export const resyncMemoryBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  try {
    const events = isQuick ? 100_000 : 1_000_000;
    const small = await peakOf(events / 10, tell);
    const large = await peakOf(events, tell);
    const ratio = large / small;
    return [
      {
        what: `peak memory of a worker, ${events} events`,
        ...{ target: `≤ ${mostMegabytes} MB`, measured: `${large} MB`, isMet: large <= mostMegabytes },
        profile: "something is kept for each event",
      },
      {
        what: `peak memory of a worker, ${events} events beside ${events / 10}`,
        ...{ target: `≤ ${mostTimes}×`, measured: `${ratio.toFixed(2)}×`, isMet: ratio <= mostTimes },
        profile: "something is kept for each event",
      },
    ];
  } finally {
    await stopCluster();
  }
};

async function peakOf(events: number, tell: (line: string) => void): Promise<number> {
  const calendar = { account: "large@example.com", provider: "google", events } as const;
  const sync = await LargeSync.start([calendar]);
  try {
    const connectionId = await sync.connect(calendar);
    // The first one may have the compiler in its memory.
    await (await sync.startWorker()).stop();
    const worker = await sync.startWorker();
    const begun = performance.now();
    const ended = await sync.follow(await sync.resync(connectionId), () => undefined);
    const peak = peakMegabytes(worker.pid) ?? NaN;
    await worker.stop();
    if (ended.status !== "SUCCEEDED") throw new Error(`the resync has ended as ${ended.status}`);
    tell(`${events} events: ${peak} MB in ${Math.round((performance.now() - begun) / 1000)} s`);
    return peak;
  } finally {
    await sync.stop();
  }
}
