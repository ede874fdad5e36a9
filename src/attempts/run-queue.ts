import type { UnitOfWork } from "../database/unit-of-work.js";
import type { SyncRun } from "./sync-run.entity.js";

/** What use cases need of the queue that runs are worked from. */
export interface RunQueue {
  /**
   * Hands the run to a worker, in the caller's transaction: the job exists if and only if the deed does. Sets the run's job, so
   * that an earlier job of it is stale. `startAfter` is the earliest time; null is at once.
   */
  send(unit: UnitOfWork, run: SyncRun, startAfter: Date | null): Promise<void>;
  /** The run waits for the end of another one, whose attempt then sends it; the job that it had is stale. */
  waitBehind(run: SyncRun): void;
  /**
   * Resolves when the run has ended or is held, or when its next retry lies beyond the wait, or when the wait is over, or at once
   * when the server is stopping. The run goes on in any case.
   */
  settled(firmId: string, runId: string, waitSeconds: number): Promise<void>;
}
