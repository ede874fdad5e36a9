import { sql } from "kysely";
import { findRow } from "../database/entity-rows.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { SyncAttempt, type AttemptFailure } from "./sync-attempt.entity.js";
import type { SyncRun } from "./sync-run.entity.js";

/** The last failed attempt of a run, as long as it counts as open. */
export async function openFailureOf(unit: UnitOfWork, run: SyncRun): Promise<SyncAttempt | null> {
  if (run.openFailureId === null) return null;
  const loaded = unit.em.getUnitOfWork().getById(SyncAttempt, run.openFailureId);
  if (loaded) return loaded;
  const found = await findRow(
    unit.em,
    { attempt: SyncAttempt },
    sql`from sync_attempt attempt where firm_id = ${unit.firmId} and id = ${run.openFailureId}`,
  );
  if (!found) throw new Error(`Run ${run.id} has lost its open failure ${run.openFailureId}`);
  return found.attempt;
}

/** Stops a run until what stopped it is mended: no retry of its open failure comes meanwhile. */
export async function holdRun(unit: UnitOfWork, run: SyncRun, failure: AttemptFailure | null): Promise<void> {
  run.hold(failure);
  (await openFailureOf(unit, run))?.waitForNoRetry();
}
