import type { SyncRun } from "./sync-run.entity.js";

/** Runs of which one runs at a time while another may wait behind it. */
export interface GuardScope {
  connectionId: string;
  appointmentId: string | null;
  direction: SyncRun["direction"];
}

/**
 * The pulls of a connection, and the pushes of an appointment. Null for the resync of one appointment, which nothing waits behind: asking
 * for another one joins it.
 */
export function guardScope(run: SyncRun): GuardScope | null {
  const { connectionId, appointmentId, direction } = run;
  return direction === "PUSH" || appointmentId === null ? { connectionId, appointmentId, direction } : null;
}
