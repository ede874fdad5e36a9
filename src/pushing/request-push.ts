import { record, type AuditEventType } from "../audit/record.js";
import { queuePush } from "../attempts/queue-push.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { oncePerKey, type KeyedOperation } from "../idempotency/once-per-key.js";
import type { EventField } from "../providers/provider.js";

/** What every change of an appointment is asked with. */
export interface ChangeRequest {
  /** At most 500 characters; kept with the run and in the audit. */
  reason: string | null;
  /** Null: asking again does it again. */
  idempotencyKey: string | null;
  /** 0 answers at once. */
  waitSeconds: number;
}

/** What our side has done to an appointment. */
export interface LocalChange {
  eventType: Extract<AuditEventType, "appointment_created" | "appointment_updated" | "appointment_cancelled">;
  appointmentId: string;
  connectionId: string;
  /** Their names go into the audit, never what they say. */
  fields: readonly EventField[];
  reason: string | null;
  /** The appointment's unfinished pushes, locked. */
  pushes: readonly SyncRun[];
}

/**
 * Carries out what a user asks for, once under its key, in one transaction. Answers with the id of the run that pushes it, when it has settled
 * or the wait is over; the run goes on in any case.
 */
export async function changeOnce(
  { actor, em, runs }: Context,
  asked: { operation: KeyedOperation; request: ChangeRequest },
  change: (unit: UnitOfWork) => Promise<string>,
): Promise<string> {
  const runId = await unitOfWork(em, actor.firmId, (unit) =>
    oncePerKey(unit, { userId: actor.userId, ...asked }, () => change(unit)),
  );
  await runs.settled(actor.firmId, runId, asked.request.waitSeconds);
  return runId;
}

/** Audits a change of our own side and has it pushed, in the transaction that writes it. Returns the id of the run that pushes it. */
export async function requestPush(
  { actor, runs }: Pick<Context, "actor" | "runs">,
  unit: UnitOfWork,
  change: LocalChange,
): Promise<string> {
  const { eventType, appointmentId, connectionId, reason } = change;
  const operation = eventType === "appointment_cancelled" ? "DELETE" : "UPSERT";
  const push = { appointmentId, connectionId, operation, requestedById: actor.userId, reason } as const;
  const { run, isJoined } = await queuePush(unit, runs, change.pushes, push);
  record(unit, {
    eventType,
    actorId: actor.userId,
    resource: { type: "appointment", id: appointmentId },
    correlationId: run.correlationId,
    metadata: { connection_id: connectionId, changed_fields: change.fields, reason, joined: isJoined },
  });
  return run.id;
}
