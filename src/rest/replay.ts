import { z } from "zod";
import type { Answer } from "./answer.js";
import { idNumber, idSchema } from "./json-values.js";
import {
  deedArguments,
  deedVariables,
  failExample,
  failSchema,
  outcomeAnswer,
  resultFields,
  runningSchema,
  successExample,
  successSchema,
  type SyncResult,
} from "./outcome.js";
import type { Asked } from "./route.js";

export const replayDocument = `mutation ReplayAttempt($id: ID!, ${deedVariables}) {
  replayAttempt(attemptId: $id, ${deedArguments}) { message attemptId ${resultFields} }
}`;

export const replayedSchema = z
  .strictObject({ message: z.string(), attempt_id: idSchema, result: z.union([successSchema, runningSchema]) })
  .meta({ examples: [{ message: "Replay completed successfully", attempt_id: 789, result: successExample }] });

export const replayFailedSchema = z
  .strictObject({ message: z.string(), attempt_id: idSchema, error: z.string().nullable(), result: failSchema })
  .meta({
    examples: [{ message: "Replay failed", attempt_id: 789, error: "Retry 3: ConnectionError", result: failExample }],
  });

interface Replay {
  replayAttempt: { message: string; attemptId: string; result: SyncResult };
}

export function renderReplay({ replayAttempt: { message, attemptId, result } }: Replay, asked: Asked): Answer {
  const attempt_id = idNumber(attemptId);
  return outcomeAnswer(result, asked, {
    succeeded: { message, attempt_id },
    failed: { message, attempt_id, error: result.errorSummary },
  });
}
