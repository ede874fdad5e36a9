import { LockMode } from "@mikro-orm/core";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
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
  const statistics = new StatisticsChange();
  for (const run of await unendedRuns(unit, connection)) {
    if (run.status === "RUNNING") {
      run.requestCancel(actorId, reason);
      continue;
    }
    await closeOpenFailure(unit, statistics, run, null);
    await cancelRun(unit, run, { actorId, metadata: { reason } });
  }
  await unit.em.flush();
  await statistics.apply(unit, connection.id);
}

function unendedRuns(unit: UnitOfWork, connection: CalendarConnection): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId: connection.id,
      $or: [
        { status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD"] } },
        { status: "FAILED", openFailureId: { $ne: null } },
      ],
    },
    { orderBy: { id: "asc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}
