import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { oncePerKey, type KeyedOperation } from "../idempotency/once-per-key.js";

/** What every run is asked for with. */
export interface RunRequest {
  /** At most 500 characters; kept in the audit, and with a run that is made for it. */
  reason: string | null;
  /** Null: asking again does it again. */
  idempotencyKey: string | null;
  /** 0 answers at once. */
  waitSeconds: number;
}

/**
 * Carries out what a user asks for, once under its key, in one transaction: `deed` answers with the id of the run that is to do it. Answers with
 * that id when the run has settled or the wait is over; the run goes on in any case.
 * @throws what the deed and oncePerKey refuse
 */
export async function requestOnce(
  { actor, em, runs }: Context,
  asked: { operation: KeyedOperation; request: RunRequest },
  deed: (unit: UnitOfWork) => Promise<string>,
): Promise<string> {
  const { operation, request } = asked;
  const runId = await unitOfWork(em, actor.firmId, (unit) =>
    oncePerKey(unit, { userId: actor.userId, operation, request }, () => deed(unit)),
  );
  await failpoint("request.committed");
  await runs.settled(actor.firmId, runId, request.waitSeconds);
  return runId;
}
