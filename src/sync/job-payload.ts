import { z } from "zod";

const payload = z.object({ firmId: z.string(), runId: z.string() });

/** What a job holds: only ids. */
export type JobPayload = z.infer<typeof payload>;

/** A job's data as the queue gave it: some connections hand JSON over as text. */
export function jobPayload(stored: unknown): JobPayload {
  return payload.parse(typeof stored === "string" ? JSON.parse(stored) : stored);
}
