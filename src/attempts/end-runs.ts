import { LockMode, type FilterQuery } from "@mikro-orm/core";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { cancelAttempt } from "./close-attempt.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";

/**
 * Ends everything of the connection that is under way, waits, is held or has failed, as if each run were cancelled: what runs ends at its
 * next page, open failures are superseded. What was applied stays.
 */
export async function endRuns(
  unit: UnitOfWork,
  connection: CalendarConnection,
  { actorId, reason }: { actorId: string; reason: string | null },
): Promise<void> {
  await endEach(unit, connection, {
    failed: { status: "FAILED", openFailureId: { $ne: null } },
    cancelled: { actorId, metadata: { reason } },
    endRunning: (run) => {
      run.requestCancel(actorId, reason);
    },
  });
}

/**
 * Ends every run of the connection here and now, also one that a worker has in hand: what that worker still wants to write is fenced off.
 * Open failures are superseded. The connection is locked by the caller. Returns how many runs were ended.
 */
export function endEverything(
  unit: UnitOfWork,
  connection: CalendarConnection,
  metadata: Record<string, unknown>,
): Promise<number> {
  return endEach(unit, connection, {
    failed: { status: "FAILED" },
    cancelled: { metadata },
    endRunning: async (run, statistics) => {
      const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: String(run.lastAttemptId) });
      await cancelAttempt({ unit, connection, run, attempt, statistics }, attempt.requestCount);
    },
  });
}

interface Ending {
  /** Which of the failed runs are ended, too. */
  failed: FilterQuery<SyncRun>;
  /** What the audit says of each run that no worker has. */
  cancelled: { actorId?: string; metadata: Record<string, unknown> };
  endRunning: (run: SyncRun, statistics: StatisticsChange) => void | Promise<void>;
}

async function endEach(
  unit: UnitOfWork,
  connection: CalendarConnection,
  { failed, cancelled, endRunning }: Ending,
): Promise<number> {
  const statistics = new StatisticsChange();
  const runs = await unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId: connection.id,
      $or: [{ status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD"] } }, failed],
    },
    { orderBy: { id: "asc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  for (const run of runs) {
    if (run.status === "RUNNING") {
      await endRunning(run, statistics);
      continue;
    }
    await closeOpenFailure(unit, statistics, run, null);
    await cancelRun(unit, run, cancelled);
  }
  await unit.em.flush();
  await statistics.apply(unit, connection.id);
  return runs.length;
}
