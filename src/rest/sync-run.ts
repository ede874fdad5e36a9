import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import {
  correlationIdSchema,
  countSchema,
  directionSchema,
  errorClassSchema,
  idNumber,
  idSchema,
  instantSchema,
  operationSchema,
  optionalId,
  optionalWord,
  word,
} from "./json-values.js";

interface SyncRun {
  correlationId: string;
  operation: string;
  direction: string;
  status: string;
  createdCount: number;
  updatedCount: number;
  cancelledCount: number;
  unchangedCount: number;
  errorClass: string | null;
  errorSummary: string | null;
  nextRetryAt: string | null;
  createdAt: string;
  finishedAt: string | null;
  connection: { id: string };
  appointment: { id: string } | null;
}

export const syncRunDocument = `query SyncRun($id: ID!) {
  syncRun(correlationId: $id) {
    correlationId operation direction status createdCount updatedCount cancelledCount unchangedCount
    errorClass errorSummary nextRetryAt createdAt finishedAt connection { id } appointment { id }
  }
}`;

const example = {
  correlation_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  connection_id: 123,
  appointment_id: null,
  operation: "resync",
  direction: "pull",
  status: "succeeded",
  synced_count: 42,
  error_class: null,
  error_summary: null,
  next_retry_at: null,
  created_at: "2025-12-30T10:30:00Z",
  finished_at: "2025-12-30T10:30:02.25Z",
} as const;

export const syncRunSchema = z
  .strictObject({
    correlation_id: correlationIdSchema,
    connection_id: idSchema,
    appointment_id: idSchema.nullable(),
    operation: operationSchema,
    direction: directionSchema,
    status: z.enum(["queued", "running", "retrying", "held", "succeeded", "failed", "cancelled"]),
    synced_count: countSchema.nullable().meta({
      description: "Appointments created, updated, cancelled and unchanged; null while it is queued or runs.",
    }),
    error_class: errorClassSchema.nullable(),
    error_summary: z.string().nullable(),
    next_retry_at: instantSchema.nullable(),
    created_at: instantSchema,
    finished_at: instantSchema.nullable(),
  })
  .meta({ examples: [example] });

export function renderSyncRun({ syncRun }: { syncRun: SyncRun }): Answer {
  return ok({
    correlation_id: syncRun.correlationId,
    connection_id: idNumber(syncRun.connection.id),
    appointment_id: optionalId(syncRun.appointment?.id ?? null),
    operation: word(syncRun.operation),
    direction: word(syncRun.direction),
    status: word(syncRun.status),
    synced_count: syncedCount(syncRun),
    error_class: optionalWord(syncRun.errorClass),
    error_summary: syncRun.errorSummary,
    next_retry_at: syncRun.nextRetryAt,
    created_at: syncRun.createdAt,
    finished_at: syncRun.finishedAt,
  });
}

/** As a resync's answer tells it. */
function syncedCount(run: SyncRun): number | null {
  if (run.status === "QUEUED" || run.status === "RUNNING") return null;
  return run.createdCount + run.updatedCount + run.cancelledCount + run.unchangedCount;
}
