import { LockMode } from "@mikro-orm/core";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { cancelAttempt } from "./close-attempt.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";

/**
 * Ends every run of the connection here and now, also one that a worker has in hand: what that worker still wants to write is fenced off.
 * Open failures are superseded. The connection is locked by the caller. Returns how many runs were ended.
 */
export async function endEverything(
  unit: UnitOfWork,
  connection: CalendarConnection,
  metadata: Readonly<Record<string, unknown>>,
): Promise<number> {
  const statistics = new StatisticsChange();
  const runs = await unendedRuns(unit, connection);
  for (const run of runs) {
    if (run.status === "RUNNING") {
      const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: String(run.lastAttemptId) });
      await cancelAttempt({ unit, connection, run, attempt, statistics }, attempt.requestCount);
      continue;
    }
    await closeOpenFailure(unit, statistics, run, null);
    await cancelRun(unit, run, { metadata });
  }
  await unit.em.flush();
  await statistics.apply(unit, connection.id);
  return runs.length;
}

function unendedRuns(unit: UnitOfWork, connection: CalendarConnection): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId: connection.id,
      status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD", "FAILED"] },
    },
    { orderBy: { id: "asc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}
