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
import { envelopeSchema } from "./numbered-page.js";
import type { Asked } from "./route.js";

/** What these routes tell of an attempt. */
interface Attempt {
  id: string;
  connectionId: string;
  appointmentId: string | null;
  operation: string;
  direction: string;
  status: string;
  errorClass: string | null;
  errorSummary: string | null;
  retryCount: number;
  maxRetriesReached: boolean;
  nextRetryAt: string | null;
  startedAt: string;
  finishedAt: string | null;
  durationMs: number | null;
  correlationId: string;
}

export const attemptFields = `id connectionId appointmentId operation direction status errorClass errorSummary retryCount
  maxRetriesReached nextRetryAt startedAt finishedAt durationMs correlationId`;

export const syncAttemptsDocument = `query SyncAttempts($first: Int!, $offset: Int!) {
  syncAttempts(first: $first, offset: $offset) { totalCount nodes { ${attemptFields} } }
}`;

export const syncAttemptDocument = `query SyncAttempt($id: ID!) { syncAttempt(id: $id) { ${attemptFields} } }`;

/** Fails when there is no such attempt. */
export const attemptExistence = "query SyncAttemptExists($id: ID!) { syncAttempt(id: $id) { id } }";

export interface AttemptPage {
  totalCount: number;
  nodes: Attempt[];
}

/** A failed attempt's keys after its id and, where it has one, its connection's. */
export const failureShape = {
  operation: operationSchema,
  direction: directionSchema,
  error_class: errorClassSchema.nullable(),
  error_summary: z.string().nullable(),
  retry_count: countSchema,
  max_retries_reached: z.boolean(),
  next_retry_at: instantSchema.nullable(),
  started_at: instantSchema,
  appointment_id: idSchema.nullable(),
};

export function failureOf(attempt: Attempt) {
  return {
    operation: word(attempt.operation),
    direction: word(attempt.direction),
    error_class: optionalWord(attempt.errorClass),
    error_summary: attempt.errorSummary,
    retry_count: attempt.retryCount,
    max_retries_reached: attempt.maxRetriesReached,
    next_retry_at: attempt.nextRetryAt,
    started_at: attempt.startedAt,
    appointment_id: optionalId(attempt.appointmentId),
  };
}

/** The example of these routes' clients. */
export const failureExample = {
  operation: "upsert",
  direction: "pull",
  error_class: "transient",
  error_summary: "Retry 2: ConnectionError",
  retry_count: 2,
  max_retries_reached: false,
  next_retry_at: "2025-12-30T10:35:00Z",
  started_at: "2025-12-30T10:30:00Z",
  appointment_id: 456,
} as const;

const attemptExample = {
  attempt_id: 789,
  ...failureExample,
  connection_id: 123,
  status: "fail",
  finished_at: "2025-12-30T10:30:01.5Z",
  duration_ms: 1500,
  correlation_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
} as const;

export const attemptSchema = z
  .strictObject({
    attempt_id: idSchema,
    ...failureShape,
    connection_id: idSchema,
    status: z.enum(["running", "success", "fail"]),
    finished_at: instantSchema.nullable(),
    duration_ms: countSchema.nullable(),
    correlation_id: correlationIdSchema,
  })
  .meta({ id: "Attempt", examples: [attemptExample] });

export const attemptPageSchema = z
  .strictObject(envelopeSchema(attemptSchema))
  .meta({ examples: [{ count: 1, next: null, previous: null, results: [attemptExample] }] });

function attemptBody(attempt: Attempt) {
  return {
    attempt_id: idNumber(attempt.id),
    ...failureOf(attempt),
    connection_id: idNumber(attempt.connectionId),
    status: word(attempt.status),
    finished_at: attempt.finishedAt,
    duration_ms: attempt.durationMs,
    correlation_id: attempt.correlationId,
  };
}

export function renderAttempt({ syncAttempt }: { syncAttempt: Attempt }): Answer {
  return ok(attemptBody(syncAttempt));
}

export function renderAttempts({ syncAttempts }: { syncAttempts: AttemptPage }, asked: Asked): Answer {
  return ok(asked.envelope(syncAttempts.totalCount, syncAttempts.nodes.map(attemptBody)));
}
