import { z } from "zod";
import { traceparentPattern } from "../tracing/scope.js";

const payload = z.object({
  firmId: z.string(),
  runId: z.string(),
  /** Of the request that the run was made for. */
  requestId: z.string().optional(),
  /** The trace that the run belongs to. */
  traceparent: z.string().regex(traceparentPattern).optional(),
});

/** What a job holds: only ids. */
export type JobPayload = z.infer<typeof payload>;

/** A job's data as the queue gave it: some connections hand JSON over as text. */
export function jobPayload(stored: unknown): JobPayload {
  return payload.parse(typeof stored === "string" ? JSON.parse(stored) : stored);
}
