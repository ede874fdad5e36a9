import { LockMode } from "@mikro-orm/core";
import { forgetSeen } from "../appointments/sweep.js";
import { record } from "../audit/record.js";
import { closeCircuit, countFailedRun } from "../connections/circuit.js";
import type { OutageLimits } from "../connections/outage-limits.js";
import { failpoint } from "../failpoints.js";
import { forgetChannels } from "../notifications/watch-channels.js";
import { engineErrorCodes, type EngineErrorCode } from "../providers/error-codes.js";
import type { ProviderFailure } from "../providers/provider.js";
import { closeOpenFailure, openFailure, recordRetry, type Closing } from "./closing.js";
import { cancelRun, coverPulls } from "./cover-pulls.js";
import { coverPushes } from "./cover-pushes.js";
import { holdRun } from "./open-failure.js";
import type { ProviderGate } from "./provider-gate.js";
import { decideRetry, type RetryPolicy } from "./retry-policy.js";
import { recoverPushes } from "./recover-pushes.js";
import type { RunQueue } from "./run-queue.js";
import { sendWaiting } from "./send-waiting.js";
import type { AttemptFailure } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";

export interface Engine {
  policy: RetryPolicy;
  queue: RunQueue;
  gate: ProviderGate;
  limits: OutageLimits;
}

const lostWorkersUntilAbandoned = 3;

/** The attempt and its run have succeeded. The caller has written everything that the run was for. */
export async function closeSucceeded(closing: Closing, requestCount: number, engine: Engine): Promise<void> {
  const { unit, connection, run, attempt, statistics } = closing;
  attempt.succeed(unit.now, requestCount);
  statistics.attemptSucceeded();
  await closeOpenFailure(unit, statistics, run, attempt);
  run.succeed(unit.now);
  closeCircuit(unit, connection, { because: "success", correlationId: run.correlationId });
  await recordRetry(closing);
  await endRun(closing, engine);
  await recoverPushes(closing, engine);
}

/** The provider failed: what happens next is the failure's action, else the retry policy's decision. */
export async function closeFailed(
  closing: Closing,
  failure: ProviderFailure,
  requestCount: number,
  engine: Engine,
): Promise<void> {
  const noted = attemptFailure(failure, closing.attempt.retryCount);
  switch (failure.action.kind) {
    case "REVOKE":
      await openFailure(closing, noted, { requestCount, maxRetriesReached: false, nextRetryAt: null });
      await revoke(closing, failure.action.reason, noted);
      break;
    case "HOLD":
      await openFailure(closing, noted, { requestCount, maxRetriesReached: false, nextRetryAt: null });
      closing.run.hold(noted);
      closing.connection.postponeNextPull(closing.unit.now, engine.limits.slowIntervalSeconds);
      await sendWaiting(closing.unit, closing.run, engine.queue);
      break;
    case "FAIL":
    case "FULL_ROUND":
    case "REFRESH_ACCESS":
      await closeByPolicy(closing, noted, failure.retryAfterSeconds, requestCount, engine);
      break;
  }
  await coverPushes(closing);
  await recordRetry(closing);
}

/** The worker stops: the next attempt starts at once, by another worker, with the same retry count. */
export async function closeStopped(closing: Closing, requestCount: number, engine: Engine): Promise<void> {
  const { unit, attempt } = closing;
  const stopped = engineFailure("WORKER_STOPPED", "Worker stopped");
  const next = { retryAt: unit.now, retryCount: attempt.retryCount };
  await retryRun(closing, stopped, requestCount, next, engine);
  await coverPushes(closing);
  await recordRetry(closing);
}

/**
 * The worker died or froze. Returns whether the run goes on, at once and outside the backoff: it does not when it has killed
 * three workers, or when its retries are used up.
 */
export async function closeLostAttempt(closing: Closing, engine: Engine): Promise<boolean> {
  const { unit, run, attempt } = closing;
  if (run.cancelRequestedById !== null) {
    await closeCancelled(closing, attempt.requestCount, engine);
    return false;
  }
  run.lostWorkers += 1;
  const lost = engineFailure("WORKER_LOST", "Worker lost");
  const isAbandoned = run.lostWorkers >= lostWorkersUntilAbandoned;
  const isOver = isAbandoned || attempt.retryCount >= engine.policy.maxRetries;
  await openFailure(closing, lost, {
    requestCount: attempt.requestCount,
    maxRetriesReached: isOver,
    nextRetryAt: isOver ? null : unit.now,
  });
  if (isAbandoned) recordAbandoned(closing);
  if (isOver) await failRun(closing, lost, engine);
  else run.retryCount = attempt.retryCount + 1;
  await coverPushes(closing);
  await recordRetry(closing);
  return !isOver;
}

/** A manager has cancelled the run that this attempt worked on: the cursor stays, what was applied stays. */
export async function closeCancelled(closing: Closing, requestCount: number, engine: Engine): Promise<void> {
  await cancelAttempt(closing, requestCount);
  await sendWaiting(closing.unit, closing.run, engine.queue);
}

/** The same, but what waits behind the run is left to the caller. */
export async function cancelAttempt(closing: Closing, requestCount: number): Promise<void> {
  const { unit, run, statistics } = closing;
  const cancelled = engineFailure("CANCELLED", "Cancelled by a manager");
  await openFailure(closing, cancelled, { requestCount, maxRetriesReached: false, nextRetryAt: null });
  await recordRetry(closing);
  await closeOpenFailure(unit, statistics, run, null);
  const actorId = run.cancelRequestedById;
  await cancelRun(unit, run, { ...(actorId === null ? {} : { actorId }), metadata: { reason: run.cancelReason } });
}

/** A sweep that would cancel too much was refused: nothing goes on by itself until a manager decides. */
export async function closeMassCancelRefused(
  closing: Closing,
  refused: { wouldCancel: number; live: number },
  requestCount: number,
  engine: Engine,
): Promise<void> {
  const { unit, run, connection } = closing;
  const summary = `Refused to cancel ${refused.wouldCancel} of ${refused.live} appointments`;
  const failure = engineFailure("MASS_CANCEL", summary);
  await openFailure(closing, failure, { requestCount, maxRetriesReached: false, nextRetryAt: null });
  await failRun(closing, failure, engine);
  connection.postponeNextPull(unit.now, engine.limits.slowIntervalSeconds);
  record(unit, {
    eventType: "calendar_sync_mass_cancel_refused",
    severity: "error",
    resource: { type: "calendar_connection", id: connection.id },
    correlationId: run.correlationId,
    metadata: { would_cancel: refused.wouldCancel, live: refused.live },
  });
  await recordRetry(closing);
}

async function closeByPolicy(
  closing: Closing,
  failure: AttemptFailure,
  retryAfterSeconds: number | null,
  requestCount: number,
  engine: Engine,
): Promise<void> {
  const { unit, run, attempt } = closing;
  const decision = decideRetry(engine.policy, {
    errorClass: failure.errorClass,
    retryCount: attempt.retryCount,
    retryAfterSeconds,
    draw: Math.random(),
  });
  const providerRetryAt = retryAfterSeconds === null ? null : secondsAfter(unit.now, retryAfterSeconds);
  if (decision.kind === "RETRY") {
    const nextRetryAt = secondsAfter(unit.now, decision.delaySeconds);
    const next = { retryAt: nextRetryAt, retryCount: attempt.retryCount + 1, providerRetryAt };
    await retryRun(closing, failure, requestCount, next, engine);
    await sendWaiting(unit, run, engine.queue);
    return;
  }
  const maxRetriesReached = decision.kind === "EXHAUSTED";
  await openFailure(closing, failure, { requestCount, maxRetriesReached, nextRetryAt: null, providerRetryAt });
  await failRun(closing, failure, engine);
}

/** On a connection that was paused or revoked meanwhile, the run is held instead: it goes on when that is mended. */
async function retryRun(
  closing: Closing,
  failure: AttemptFailure,
  requestCount: number,
  next: { retryAt: Date; retryCount: number; providerRetryAt?: Date | null },
  engine: Engine,
): Promise<void> {
  const { unit, run, connection } = closing;
  const isHeld = connection.status !== "ACTIVE";
  const nextRetryAt = isHeld ? null : next.retryAt;
  const { providerRetryAt = null } = next;
  await openFailure(closing, failure, { requestCount, maxRetriesReached: false, nextRetryAt, providerRetryAt });
  if (isHeld) {
    run.hold(failure);
    return;
  }
  run.retryAt(next.retryAt, failure, next.retryCount);
  await engine.queue.send(unit, run, next.retryAt);
  await failpoint("retry.sent");
}

async function failRun(closing: Closing, failure: AttemptFailure, engine: Engine): Promise<void> {
  const { unit, run, connection, statistics } = closing;
  run.fail(failure, unit.now);
  if (run.isFullRound) await forgetSeen(unit, run.id);
  statistics.runFailed();
  if (!isOutage(closing, failure, engine)) {
    await countFailedRun(unit, connection, { correlationId: run.correlationId, limits: engine.limits });
  }
  await endRun(closing, engine);
}

/** While a provider is down, that its connections fail says nothing about them. */
function isOutage({ connection }: Closing, { errorClass }: AttemptFailure, { gate }: Engine): boolean {
  return errorClass === "TRANSIENT" && gate.isShut(connection.provider);
}

async function endRun(closing: Closing, engine: Engine): Promise<void> {
  await coverPulls(closing);
  await coverPushes(closing);
  await sendWaiting(closing.unit, closing.run, engine.queue);
}

/**
 * Another run of it may have found that before: a connection is revoked once. Its channels are forgotten; without a token that is good
 * they cannot be ended at the provider, where they expire.
 */
async function revoke(
  { unit, connection, run }: Closing,
  reason: NonNullable<typeof connection.statusReason>,
  failure: AttemptFailure,
): Promise<void> {
  run.hold(failure);
  if (connection.status === "REVOKED") return;
  connection.revoke(reason, unit.now);
  await forgetChannels(unit, connection.id);
  const others = await unit.em.find(
    SyncRun,
    { firmId: unit.firmId, connectionId: connection.id, id: { $ne: run.id }, status: { $in: ["QUEUED", "RETRYING"] } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  for (const other of others) await holdRun(unit, other, null);
  record(unit, {
    eventType: "calendar_connection_revoked",
    severity: "error",
    resource: { type: "calendar_connection", id: connection.id },
    correlationId: run.correlationId,
    metadata: { reason: reason.toLowerCase(), error_code: failure.errorCode, provider_status: failure.providerStatus },
  });
}

function secondsAfter(instant: Date, seconds: number): Date {
  return new Date(instant.getTime() + Math.ceil(seconds * 1000));
}

function recordAbandoned({ unit, run }: Closing): void {
  record(unit, {
    eventType: "calendar_sync_run_abandoned",
    severity: "error",
    resource: { type: "sync_run", id: run.id },
    correlationId: run.correlationId,
    metadata: { lost_workers: run.lostWorkers, operation: run.operation, connection_id: run.connectionId },
  });
}

function engineFailure(errorCode: EngineErrorCode, errorSummary: string): AttemptFailure {
  const { errorClass } = engineErrorCodes[errorCode];
  return { errorClass, errorCode, errorSummary, providerStatus: null, providerRequestId: null };
}

function attemptFailure(failure: ProviderFailure, retryCount: number): AttemptFailure {
  return {
    errorClass: failure.errorClass,
    errorCode: failure.errorCode,
    errorSummary: retryCount > 0 ? `Retry ${retryCount}: ${failure.message}` : failure.message,
    providerStatus: failure.providerStatus,
    providerRequestId: failure.providerRequestId,
  };
}
