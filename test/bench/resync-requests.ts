import { startTestCluster } from "../support/test-cluster.js";
import type { LargeCalendarOrder } from "../support/large-calendars.js";
import { LargeSync } from "../sync/large-sync.js";
import type { Bench, Measurement } from "./measurement.js";

const pageSizes = { google: 2_500, microsoft: 1_000 };
const pageMs = 500;
const mostTimes = 1.1;

/** How many requests a resync makes, and how long it takes beside fetching the same pages alone, each of which takes half a second. */
export const resyncRequestsBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  const events = isQuick ? 25_000 : 100_000;
  const orders: LargeCalendarOrder[] = [
    { account: "large@example.com", provider: "google", events },
    { account: "large@example.org", provider: "microsoft", events },
  ];
  const sync = await LargeSync.start(orders);
  try {
    const worker = await sync.startWorker();
    await sync.calendars.delayRequests(pageMs);
    const measurements: Measurement[] = [];
    for (const order of orders) measurements.push(...(await measure(sync, order, tell)));
    await worker.stop();
    return measurements;
  } finally {
    await sync.stop();
    await stopCluster();
  }
};

interface Resync {
  requests: number;
  seconds: number;
}

async function measure(
  sync: LargeSync,
  order: LargeCalendarOrder,
  tell: (line: string) => void,
): Promise<Measurement[]> {
  const connectionId = await sync.connect(order);
  const first = await resync(sync, connectionId);
  const urls = (await sync.calendars.requests(order.account)).map(({ url }) => url);
  const fetching = await sync.calendars.fetchAgain(order.account, urls);
  const pages = Math.ceil(order.events / pageSizes[order.provider]);
  const ratio = first.seconds / fetching;
  tell(
    `${order.provider}: ${pages} pages, ${first.requests} requests, ${first.seconds.toFixed(1)} s; fetching alone ${fetching.toFixed(1)} s`,
  );
  return [
    {
      what: `requests of a resync of ${order.events} events, ${order.provider}`,
      ...{ target: `≤ ${pages + 1}`, measured: String(first.requests), isMet: first.requests <= pages + 1 },
      profile: "more is asked for than the pages",
    },
    {
      what: `a first resync of ${order.events} events, ${order.provider}, beside fetching its pages`,
      ...{ target: `≤ ${mostTimes}×`, measured: `${ratio.toFixed(2)}×`, isMet: ratio <= mostTimes },
      profile: "a page is fetched while the one before is written: the larger of the two counts",
    },
  ];
}

/** Of its one attempt: with the request for a token. */
async function resync(sync: LargeSync, connectionId: string): Promise<Resync> {
  const { status } = await sync.follow(await sync.resync(connectionId), () => undefined);
  if (status !== "SUCCEEDED") throw new Error(`the resync has ended as ${status}`);
  const [attempt, ...others] = await sync.app.sql<Resync>(
    `select request_count::int as requests, extract(epoch from finished_at - started_at)::float8 as seconds
     from sync_attempt where connection_id = $1`,
    [connectionId],
  );
  if (!attempt || others.length > 0) throw new Error("the resync has taken more than one attempt");
  return attempt;
}
