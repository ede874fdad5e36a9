import { sql } from "kysely";
import { record } from "../audit/record.js";
import { assertActive } from "../connections/assert-active.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError, notFound } from "../errors.js";
import { forgetSeen } from "../appointments/sweep.js";
import { failpoint } from "../failpoints.js";
import { lockRunAndConnection } from "./lock.js";
import { assertNoOtherResync, replaceWaitingPulls } from "./waiting-pulls.js";
import { assertNoOtherPush } from "./waiting-pushes.js";
import { openFailureOf } from "./open-failure.js";
import { notReplayableReason } from "./replayability.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import type { SyncRun } from "./sync-run.entity.js";
import { requestOnce, type RunRequest } from "./run-request.js";

export interface ReplayRequest extends RunRequest {
  attemptId: string;
}

/**
 * Runs a failed attempt's whole intent again: of a run that waits for its retry now, in place of the waiting job; of a failed
 * one again, its retry count going on. The asked attempt may be a superseded one of a run that still has an open failure.
 * Answers with the run's id when it has settled or the wait is over; the run goes on in any case.
 * @throws AppError NOT_FOUND; NOT_REPLAYABLE (SUCCEEDED, NON_RETRYABLE, RESOLVED); CONFLICT (REPLAY_ACTIVE, RESYNC_ACTIVE, PUSH_ACTIVE);
 *   BAD_USER_INPUT (CONNECTION_PAUSED, CONNECTION_REVOKED); RATE_LIMITED before the provider's Retry-After has passed;
 *   what oncePerKey refuses
 */
export function replayAttempt(context: Context, request: ReplayRequest): Promise<string> {
  const asked = { operation: "replayAttempt", request } as const;
  return requestOnce(context, asked, (unit) => requestReplay(context, unit, request));
}

async function requestReplay(context: Context, unit: UnitOfWork, request: ReplayRequest): Promise<string> {
  const { attempt, run, connection } = await lockAttempt(unit, request.attemptId);
  await assertReplayable(unit, attempt, run);
  assertActive(connection);
  const failure = await openFailure(unit, run);
  assertProviderMayBeAsked(unit, failure);
  const isBehindRunning = await makeWay(unit, run);
  failure.waitForNoRetry();
  run.replay(attempt.id, failure.retryCount);
  await forgetSeen(unit, run.id);
  recordRequest(context, unit, { attempt, run, request });
  await unit.em.flush();
  if (isBehindRunning) context.runs.waitBehind(run);
  else await context.runs.send(unit, run, null);
  await failpoint("replay.in-transaction");
  return run.id;
}

async function lockAttempt(unit: UnitOfWork, attemptId: string) {
  const { rows } = await sql<{ run_id: string }>`
    select run_id from sync_attempt where firm_id = ${unit.firmId} and id = ${attemptId}
  `.execute(unit.em.getKysely());
  const locked = rows[0] ? await lockRunAndConnection(unit, rows[0].run_id) : null;
  if (!locked) throw notFound();
  const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: attemptId });
  return { attempt, ...locked };
}

async function assertReplayable(unit: UnitOfWork, attempt: SyncAttempt, run: SyncRun): Promise<void> {
  const reason = notReplayableReason(attempt, run);
  switch (reason) {
    case "SUCCEEDED":
      throw new AppError("NOT_REPLAYABLE", "Cannot replay successful attempt", { reason });
    case "NON_RETRYABLE":
      throw new AppError("NOT_REPLAYABLE", "This attempt failed with a non-retryable error and cannot be replayed", {
        reason,
        errorSummary: attempt.errorSummary,
      });
    case "RESOLVED":
      throw new AppError("NOT_REPLAYABLE", "This attempt was already resolved", {
        reason,
        resolvedBy: await resolverOf(unit, run),
      });
    case null:
      if (run.status !== "RUNNING" && run.status !== "QUEUED") return;
      throw new AppError("CONFLICT", "This attempt is already being replayed", {
        reason: "REPLAY_ACTIVE",
        correlationId: run.correlationId,
        latestAttemptId: run.lastAttemptId,
      });
  }
}

/** The attempt that resolved the run's last failure; null where it was cancelled or superseded. */
async function resolverOf(unit: UnitOfWork, run: SyncRun): Promise<string | null> {
  const { rows } = await sql<{ resolved_by_id: string }>`
    select resolved_by_id from sync_attempt
    where firm_id = ${unit.firmId} and run_id = ${run.id} and resolved_by_id is not null order by id desc limit 1
  `.execute(unit.em.getKysely());
  return rows[0]?.resolved_by_id ?? null;
}

/** A delay that we have computed ourselves may be cut short, one that the provider asked for may not. */
function assertProviderMayBeAsked(unit: UnitOfWork, { providerRetryAt: retryAt }: SyncAttempt): void {
  if (retryAt === null || retryAt <= unit.now) return;
  throw new AppError("RATE_LIMITED", "The provider has asked to wait", { retryAt: retryAt.toISOString() });
}

async function openFailure(unit: UnitOfWork, run: SyncRun): Promise<SyncAttempt> {
  const failure = await openFailureOf(unit, run);
  if (!failure) throw new Error(`Run ${run.id} has nothing to be replayed`);
  return failure;
}

/** Other pulls give way to the replayed one; returns whether it waits behind one that runs. A push has no other beside it. */
async function makeWay(unit: UnitOfWork, run: SyncRun): Promise<boolean> {
  if (run.direction === "PUSH") {
    await assertNoOtherPush(unit, run);
    return false;
  }
  await assertNoOtherResync(unit, run);
  if (!run.isConnectionPull()) return false;
  const { connectionId, correlationId } = run;
  return replaceWaitingPulls(unit, { runId: run.id, connectionId, correlationId });
}

function recordRequest(
  context: Context,
  unit: UnitOfWork,
  { attempt, run, request }: { attempt: SyncAttempt; run: SyncRun; request: ReplayRequest },
): void {
  record(unit, {
    eventType: "calendar_sync_manual_replay_requested",
    actorId: context.actor.userId,
    resource: { type: "sync_attempt", id: attempt.id },
    correlationId: run.correlationId,
    metadata: {
      original_attempt_id: attempt.id,
      run_id: run.id,
      operation: run.operation.toLowerCase(),
      direction: run.direction.toLowerCase(),
      error_class: attempt.errorClass,
      error_summary: attempt.errorSummary,
      reason: request.reason,
    },
  });
}
