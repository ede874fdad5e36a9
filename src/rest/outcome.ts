import { z } from "zod";
import type { Answer } from "./answer.js";
import { correlationIdSchema, errorClassSchema, instantSchema, optionalWord } from "./json-values.js";
import type { Asked } from "./route.js";

/** How a run stands when the wait is over, as GraphQL tells it. */
export interface SyncResult {
  status: "SUCCESS" | "FAIL" | "RUNNING";
  correlationId: string;
  syncedCount: number | null;
  errorClass: string | null;
  errorSummary: string | null;
  nextRetryAt: string | null;
}

export const resultFields = "result { status correlationId syncedCount errorClass errorSummary nextRetryAt }";
/** What a deed's document declares and gives to its mutation. */
export const deedVariables = "$waitSeconds: Int, $idempotencyKey: String";
export const deedArguments = "waitSeconds: $waitSeconds, idempotencyKey: $idempotencyKey";

/** How long a deed waits: null is the server's own time. */
export function deedValues({ isAsync, idempotencyKey }: Asked) {
  return { waitSeconds: isAsync ? 0 : null, idempotencyKey };
}

const correlation_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
export const successExample = { status: "success", correlation_id } as const;
export const failExample = {
  status: "fail",
  correlation_id,
  error_class: "transient",
  next_retry_at: "2025-12-30T10:35:00Z",
} as const;

export const successSchema = z
  .strictObject({ status: z.literal("success"), correlation_id: correlationIdSchema })
  .meta({ id: "Success" });
export const runningSchema = z
  .strictObject({ status: z.literal("running"), correlation_id: correlationIdSchema })
  .meta({ id: "Running", description: "It goes on: the header Location names the run." });
export const failSchema = z
  .strictObject({
    status: z.literal("fail"),
    correlation_id: correlationIdSchema,
    error_class: errorClassSchema.nullable(),
    next_retry_at: instantSchema.nullable().meta({ description: "Null where it is not tried again by itself." }),
  })
  .meta({ id: "Failure" });

/** Seconds after which it is worth asking how a run stands. */
const retryAfterSeconds = 2;

/** `succeeded` and `failed` are the keys before the result. A failure is no fault of this server: 424, which nothing repeats. */
export function outcomeAnswer(
  result: SyncResult,
  asked: Asked,
  bodies: { succeeded: object; failed: object; success?: object },
): Answer {
  const { status, correlationId } = result;
  switch (status) {
    case "SUCCESS":
      return {
        status: 200,
        body: { ...bodies.succeeded, result: { status: "success", correlation_id: correlationId, ...bodies.success } },
      };
    case "RUNNING":
      return {
        status: 200,
        body: { ...bodies.succeeded, result: { status: "running", correlation_id: correlationId } },
        headers: { Location: asked.urlOf(`sync-runs/${correlationId}/`), "Retry-After": retryAfterSeconds },
      };
    case "FAIL":
      return { status: 424, body: { ...bodies.failed, result: failure(result) } };
  }
}

function failure({ correlationId, errorClass, nextRetryAt }: SyncResult): object {
  return {
    status: "fail",
    correlation_id: correlationId,
    error_class: optionalWord(errorClass),
    next_retry_at: nextRetryAt,
  };
}
