import { LockMode } from "@mikro-orm/core";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { openFailureOf } from "./open-failure.js";
import { SyncRun } from "./sync-run.entity.js";
import type { SyncRunStatus } from "./sync.enums.js";
import { replaceWaitingPulls } from "./waiting-pulls.js";
import { makeWayForPushes } from "./waiting-pushes.js";

/** The connection's runs in these states, locked, oldest first. */
export function runsIn(
  unit: UnitOfWork,
  connection: CalendarConnection,
  statuses: SyncRunStatus[],
): Promise<SyncRun[]> {
  return unit.em.find(
    SyncRun,
    { firmId: unit.firmId, connectionId: connection.id, status: { $in: statuses } },
    { orderBy: { id: "asc" }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/** What held them is mended: they are queued again. Until when a provider has asked to be left alone, it is. */
export async function releaseHeldRuns(
  { runs }: Pick<Context, "runs">,
  unit: UnitOfWork,
  connection: CalendarConnection,
): Promise<void> {
  const held = await runsIn(unit, connection, ["HELD"]);
  // A resync first: it replaces an incremental pull that was held beside it.
  for (const run of held.sort(resyncsFirst)) if (run.status === "HELD") await release(runs, unit, run);
}

function resyncsFirst(a: SyncRun, b: SyncRun): number {
  return Number(b.operation === "RESYNC") - Number(a.operation === "RESYNC");
}

async function release(runs: Context["runs"], unit: UnitOfWork, run: SyncRun): Promise<void> {
  const way = await makeWay(unit, run);
  if (way === "overtaken") return;
  run.requeue();
  await unit.em.flush();
  if (way === "waits") return;
  const failure = await openFailureOf(unit, run);
  await runs.send(unit, run, failure?.providerRetryAt ?? null);
}

/** Whether it may go at once, waits behind one that runs, or has been cancelled because a newer one does the same. */
async function makeWay(unit: UnitOfWork, run: SyncRun): Promise<"goes" | "waits" | "overtaken"> {
  if (run.direction === "PUSH") return makeWayForPushes(unit, run);
  const { id: runId, connectionId, correlationId } = run;
  if (!run.isConnectionPull()) return "goes";
  return (await replaceWaitingPulls(unit, { runId, connectionId, correlationId })) ? "waits" : "goes";
}
