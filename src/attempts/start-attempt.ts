import { StatisticsChange } from "../connections/statistics-change.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { closeLostAttempt } from "./close-attempt.js";
import { lockRunAndConnection } from "./lock.js";
import type { RetryPolicy } from "./retry-policy.js";
import type { RunQueue } from "./run-queue.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";

export interface RunJob {
  jobId: string;
  firmId: string;
  runId: string;
}

/** An attempt under way: what its worker needs to do and to close it. The entities are detached copies, to be read only. */
export interface StartedAttempt {
  firmId: string;
  runId: string;
  attemptId: string;
  /** Every write of this attempt checks that the run's fence is still this one. */
  fence: number;
  run: SyncRun;
  connection: CalendarConnection;
}

/**
 * Claims the job's run: the run becomes running, its fence rises, and the attempt is written before the provider is called. Null
 * where there is nothing to do: the job is stale, the connection is paused or revoked (the run is held), another pull of the
 * connection runs (the run waits for its end), or the run has now lost its worker for the last time.
 */
export async function startAttempt(
  em: EntityManager,
  job: RunJob,
  engine: { policy: RetryPolicy; queue: RunQueue },
): Promise<StartedAttempt | null> {
  return unitOfWork(em, job.firmId, async (unit) => {
    const locked = await lockRunAndConnection(unit, job.runId);
    if (locked?.run.jobId !== job.jobId) return null;
    const { connection, run } = locked;
    if (run.status === "RUNNING" && !(await goesOnAfterLostWorker(unit, connection, run, engine))) return null;
    if (connection.status !== "ACTIVE") {
      run.hold(null);
      return null;
    }
    if (await anotherPullRuns(unit, run)) {
      run.jobId = null; // sent again by whoever ends the running pull
      return null;
    }
    return begin(unit, connection, run);
  });
}

async function goesOnAfterLostWorker(
  unit: UnitOfWork,
  connection: CalendarConnection,
  run: SyncRun,
  engine: { policy: RetryPolicy; queue: RunQueue },
): Promise<boolean> {
  const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: String(run.lastAttemptId) });
  const statistics = new StatisticsChange();
  const goesOn = await closeLostAttempt({ unit, connection, run, attempt, statistics }, engine);
  await statistics.apply(unit, connection.id);
  return goesOn;
}

async function anotherPullRuns(unit: UnitOfWork, run: SyncRun): Promise<boolean> {
  if (!run.isConnectionPull() || run.status === "RUNNING") return false;
  const running = await unit.em.count(SyncRun, {
    firmId: unit.firmId,
    connectionId: run.connectionId,
    status: "RUNNING",
    direction: "PULL",
    appointmentId: null,
  });
  return running > 0;
}

async function begin(unit: UnitOfWork, connection: CalendarConnection, run: SyncRun): Promise<StartedAttempt> {
  const attempt = unit.em.create(SyncAttempt, {
    firmId: unit.firmId,
    runId: run.id,
    connectionId: run.connectionId,
    appointmentId: run.appointmentId,
    provider: connection.provider,
    operation: run.operation,
    direction: run.direction,
    retryCount: run.retryCount,
    startedAt: unit.now,
    correlationId: run.correlationId,
  });
  await unit.em.persist(attempt).flush();
  run.start(attempt.id, unit.now);
  return { firmId: unit.firmId, runId: run.id, attemptId: attempt.id, fence: run.fence, run, connection };
}
