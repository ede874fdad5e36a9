import { z } from "zod";
import type { Tour } from "./tour.js";
import { until } from "./until.js";

const office = "office@example.org";
const paused = z.object({ pauseConnection: z.object({ status: z.string() }) });
const resumed = z.object({ resumeConnection: z.object({ status: z.string() }) });
const runsQuery =
  "{ syncRuns(connectionId: 128, first: 5, status: [SUCCEEDED]) { nodes { correlationId operation trigger createdCount unchangedCount } } }";
const runs = z.object({
  syncRuns: z.object({ nodes: z.array(z.object({ correlationId: z.string(), unchangedCount: z.int() })) }),
});

/** Resuming makes a pull due at once, so that there is no need to wait for the next one. */
export async function pauseAndResume(tour: Tour): Promise<void> {
  tour.heading("Pause a Microsoft calendar; meanwhile the provider forgets its cursor");
  const { pauseConnection } = await tour.ask(
    'mutation { pauseConnection(connectionId: 128, reason: "maintenance") { provider status } }',
    paused,
  );
  tour.check("it is paused", pauseConnection.status === "PAUSED");
  const refusal = await tour.refusal("manager", "mutation { resyncConnection(connectionId: 128) { message } }");
  tour.check("a resync of it is refused meanwhile", refusal?.["reason"] === "CONNECTION_PAUSED");
  await tour.simulator.post("tokens/expire", { kind: "sync", account: office });
  tour.note(`the simulator has forgotten what it told ${office}`);
  const before = (await tour.look(runsQuery, runs)).syncRuns.nodes;
  const { resumeConnection } = await tour.ask(
    "mutation { resumeConnection(connectionId: 128) { status nextSyncAt } }",
    resumed,
  );
  tour.check("it is active again", resumeConnection.status === "ACTIVE");
  await seeAFullRound(tour, new Set(before.map(({ correlationId }) => correlationId)));
  tour.deeds.add("calendar_connection_paused").add("calendar_connection_resumed");
}

/** An incremental pull sees only what has changed; one that has seen unchanged appointments has read the calendar anew. */
async function seeAFullRound(tour: Tour, before: ReadonlySet<string>): Promise<void> {
  const find = async (): Promise<true | null> => {
    const { syncRuns } = await tour.look(runsQuery, runs);
    const isFull = syncRuns.nodes.some(
      ({ correlationId, unchangedCount }) => !before.has(correlationId) && unchangedCount > 0,
    );
    return isFull ? true : null;
  };
  const isRead = await until(find, 30);
  await tour.ask(runsQuery, runs);
  tour.check("the next pull has read the whole calendar anew", isRead === true);
}

const started = z.object({ resyncConnection: z.object({ result: z.object({ correlationId: z.string() }) }) });
const state = z.object({ syncRun: z.object({ status: z.string() }) });
const cancelled = z.object({ cancelSyncRun: z.object({ run: z.object({ status: z.string() }) }) });
const slowSeconds = 3;

/** The provider is slow for one page, so that there is something to cancel. */
export async function cancelARun(tour: Tour): Promise<void> {
  tour.heading("Cancel a run that is under way");
  await tour.simulator.post("faults", {
    match: { account: "school@example.org", method: "GET" },
    then: { delayMs: slowSeconds * 1000 },
  });
  tour.note(`the simulator takes ${slowSeconds} seconds for the next page of school@example.org`);
  const { resyncConnection } = await tour.ask(
    "mutation { resyncConnection(connectionId: 129, waitSeconds: 0) { result { status correlationId } } }",
    started,
  );
  const { correlationId } = resyncConnection.result;
  const query = `{ syncRun(correlationId: "${correlationId}") { status } }`;
  await until(async () => ((await tour.look(query, state)).syncRun.status === "QUEUED" ? null : true), 10);
  const { cancelSyncRun } = await tour.ask(
    `mutation { cancelSyncRun(correlationId: "${correlationId}", reason: "not now") { run { status createdCount updatedCount } } }`,
    cancelled,
  );
  tour.deeds.add("calendar_sync_run_cancelled");
  tour.check("it has ended at that page", cancelSyncRun.run.status === "CANCELLED");
}
