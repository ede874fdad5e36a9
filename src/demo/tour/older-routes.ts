import { z } from "zod";
import type { Tour } from "./tour.js";
import { until } from "./until.js";

const status = z.object({ connection_id: z.literal(123), statistics: z.object({ success_rate: z.string() }) });
const failures = z.object({ failed_attempts: z.array(z.unknown()), total_count: z.int(), count: z.int() });
const running = z.object({ result: z.object({ status: z.string(), correlation_id: z.string() }) });
const run = z.object({ status: z.string() });
const refusal = z.object({ error: z.string() });

/** Attempt 789 has been replayed before. */
export async function askTheOlderRoutes(tour: Tour): Promise<void> {
  tour.heading("The same over the older REST routes");
  const known = await tour.askRest("manager", { method: "GET", path: "connections/123/sync-status/" });
  tour.check("they tell how connection 123 is", known.status === 200 && status.safeParse(known.body).success);
  const failed = await tour.askRest("manager", { method: "GET", path: "connections/127/failed-attempts/" });
  const list = failures.safeParse(failed.body);
  tour.check("and what has failed on connection 127", list.success && list.data.total_count > 0);
  const replayed = await tour.askRest("manager", { method: "POST", path: "sync-attempts/789/replay/" });
  tour.check(
    "a second replay of 789 is refused",
    replayed.status === 400 && refusal.parse(replayed.body).error === "This attempt was already resolved",
  );
  await resyncWithoutWaiting(tour);
  const staff = await tour.askRest("staff", { method: "GET", path: "sync-attempts/failed/" });
  tour.check("staff may not", staff.status === 403);
}

async function resyncWithoutWaiting(tour: Tour): Promise<void> {
  const { body, location } = await tour.askRest("manager", {
    method: "POST",
    path: "connections/123/resync/",
    headers: { Prefer: "respond-async" },
  });
  const { result } = running.parse(body);
  const path = `sync-runs/${result.correlation_id}/`;
  tour.check(
    "a resync that is not waited for is running, and its Location names the run",
    result.status === "running" && location?.endsWith(path) === true,
  );
  const ended = await until(async () => {
    const { status: state } = run.parse((await tour.lookRest({ method: "GET", path })).body);
    return state === "queued" || state === "running" ? null : state;
  }, 30);
  await tour.askRest("manager", { method: "GET", path });
  tour.check("it has succeeded", ended === "succeeded");
}
