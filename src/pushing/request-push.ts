import { record, type AuditEventType } from "../audit/record.js";
import { queuePush } from "../attempts/queue-push.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { EventField } from "../providers/provider.js";

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
