import type { UnitOfWork } from "../database/unit-of-work.js";
import { openFailureOf } from "./open-failure.js";
import type { RunQueue } from "./run-queue.js";
import { SyncRun } from "./sync-run.entity.js";
import { replacePushes } from "./waiting-pushes.js";

export interface PushRequest {
  connectionId: string;
  appointmentId: string;
  operation: "UPSERT" | "DELETE";
  requestedById: string;
  /** At most 500 characters; kept with the run. */
  reason: string | null;
}

/**
 * Makes sure that a push of the appointment comes after this transaction. One that is queued or held is joined, since it brings whatever
 * there is when it starts; a cancellation takes the place of an upsert that waits so. Behind a running one it waits as the queued
 * run. `pushes` are the appointment's unfinished ones, locked. The connection is active and locked.
 */
export async function queuePush(
  unit: UnitOfWork,
  queue: RunQueue,
  pushes: readonly SyncRun[],
  request: PushRequest,
): Promise<{ run: SyncRun; isJoined: boolean }> {
  const waiting = pushes.filter(({ status }) => status === "QUEUED" || status === "HELD");
  const same = waiting.filter(({ operation }) => operation === request.operation);
  const joined = same.find(({ status }) => status === "QUEUED") ?? same.at(-1);
  if (joined?.status === "QUEUED") return { run: joined, isJoined: true };
  if (joined) joined.requeue();
  const run = joined ?? (await createRun(unit, waiting, request));
  await unit.em.flush();
  if (pushes.some(({ status }) => status === "RUNNING")) queue.waitBehind(run);
  else await queue.send(unit, run, await earliest(unit, pushes));
  return { run, isJoined: joined !== undefined };
}

async function createRun(unit: UnitOfWork, replaced: readonly SyncRun[], request: PushRequest): Promise<SyncRun> {
  const correlationId = crypto.randomUUID();
  // Before the run is made, which the next flush inserts: the guard lets one push wait at a time.
  await replacePushes(unit, replaced, { connectionId: request.connectionId, correlationId });
  const run = unit.em.create(SyncRun, {
    ...request,
    firmId: unit.firmId,
    correlationId,
    direction: "PUSH",
    trigger: "LOCAL_CHANGE",
    createdAt: unit.now,
  });
  unit.em.persist(run);
  return run;
}

/** A provider that has asked an older push to wait is not asked sooner by a newer one. */
async function earliest(unit: UnitOfWork, pushes: readonly SyncRun[]): Promise<Date | null> {
  let latest: Date | null = null;
  for (const push of pushes) {
    const until = push.status === "RETRYING" ? (await openFailureOf(unit, push))?.providerRetryAt : null;
    if (until && (latest === null || until > latest)) latest = until;
  }
  return latest;
}
