import { z } from "zod";
import type { Tour } from "./tour.js";

const known = z.object({ syncAttempt: z.object({ isReplayable: z.boolean() }) });
const replayed = z.object({ replayAttempt: z.object({ result: z.object({ status: z.string() }) }) });
const resolved = z.object({ syncAttempt: z.object({ state: z.string(), resolvedBy: z.object({ id: z.string() }) }) });
const replay =
  'mutation { replayAttempt(attemptId: 789, waitSeconds: 25, reason: "the provider is back") { message result { status } attempt { id retryCount } } }';

/** Attempt 789 has used up its retries. Once it has been replayed, in an earlier tour, a replay is refused. */
export async function replayAnExhaustedAttempt(tour: Tour): Promise<void> {
  tour.heading("Replay attempt 789, whose retries were used up");
  const { syncAttempt } = await tour.ask(
    "{ syncAttempt(id: 789) { state operation errorCode errorSummary retryCount maxRetriesReached isReplayable } }",
    known,
  );
  if (syncAttempt.isReplayable) {
    const { replayAttempt } = await tour.ask(replay, replayed);
    tour.deeds.add("calendar_sync_manual_replay_requested");
    tour.check("the replay has succeeded", replayAttempt.result.status === "SUCCESS");
  }
  const after = await tour.ask("{ syncAttempt(id: 789) { state resolvedBy { id } } }", resolved);
  tour.check("the failure is resolved", after.syncAttempt.state === "RESOLVED");
  const refusal = await tour.refusal("manager", replay);
  tour.check("it cannot be replayed again", refusal?.["reason"] === "RESOLVED");
}
