/** What one firm has, as plain lists. Nothing in it knows of other firms, or of a database. */
export interface FirmModel {
  connections: Map<string, { status: "ACTIVE" | "PAUSED" | "REVOKED" }>;
  appointments: Map<string, ModelAppointment>;
  runs: Map<string, ModelRun>;
  attempts: Map<string, { runId: string; result: "SUCCESS" | "TRANSIENT" | "NON_RETRYABLE"; state: string }>;
  /** `event_type resource_id` of each audit event, in any order. */
  audit: string[];
}

interface ModelAppointment {
  connectionId: string | null;
  hasEvent: boolean;
  title: string;
  status: string;
}

export interface ModelRun {
  correlationId: string;
  connectionId: string;
  appointmentId: string | null;
  kind: "LIST_CHANGES" | "RESYNC" | "SINGLE" | "PUSH UPSERT" | "PUSH DELETE";
  status: "QUEUED" | "HELD" | "SUCCEEDED" | "FAILED" | "CANCELLED";
}

/** A deed of the model: the refusal, or the id of the run that it is about, null where that is a new one or there is none. */
export type Deed = { refused: string } | { runId: string | null };

const notFound: Deed = { refused: "NOT_FOUND" };
const isWaiting = ({ status }: ModelRun): boolean => status === "QUEUED" || status === "HELD";

function inactive(firm: FirmModel, connectionId: string): Deed | null {
  const { status } = firm.connections.get(connectionId) ?? { status: "REVOKED" };
  return status === "ACTIVE" ? null : { refused: `CONNECTION_${status}` };
}

function runsWhere(firm: FirmModel, holds: (run: ModelRun) => boolean): string[] {
  return [...firm.runs].filter(([, run]) => holds(run)).map(([id]) => id);
}

/** A run ends before it was done; its failure is no longer open. */
function cancel(firm: FirmModel, runId: string): void {
  const run = firm.runs.get(runId);
  if (!run || run.status === "SUCCEEDED" || run.status === "CANCELLED") return;
  run.status = "CANCELLED";
  for (const attempt of firm.attempts.values()) {
    if (attempt.runId === runId && attempt.state === "OPEN") attempt.state = "SUPERSEDED";
  }
  firm.audit.push(`calendar_sync_run_cancelled ${runId}`);
}

export function pause(firm: FirmModel, id: string): Deed {
  const connection = firm.connections.get(id);
  if (!connection) return notFound;
  if (connection.status === "REVOKED") return { refused: "CONNECTION_REVOKED" };
  if (connection.status === "ACTIVE") {
    connection.status = "PAUSED";
    for (const run of firm.runs.values()) if (run.connectionId === id && run.status === "QUEUED") run.status = "HELD";
    firm.audit.push(`calendar_connection_paused ${id}`);
  }
  return { runId: null };
}

export function resume(firm: FirmModel, id: string): Deed {
  const connection = firm.connections.get(id);
  if (!connection) return notFound;
  if (connection.status === "REVOKED") return { refused: "CONNECTION_REVOKED" };
  if (connection.status === "PAUSED") {
    connection.status = "ACTIVE";
    for (const run of firm.runs.values()) if (run.connectionId === id && run.status === "HELD") run.status = "QUEUED";
    firm.audit.push(`calendar_connection_resumed ${id}`);
  }
  return { runId: null };
}

export function resyncConnection(firm: FirmModel, id: string): Deed {
  if (!firm.connections.has(id)) return notFound;
  const refused = inactive(firm, id);
  if (refused) return refused;
  const ofConnection = (run: ModelRun): boolean => run.connectionId === id && isWaiting(run);
  const [active] = runsWhere(firm, (run) => ofConnection(run) && run.kind === "RESYNC");
  if (active === undefined) {
    const replaced = runsWhere(firm, (run) => ofConnection(run) && run.kind === "LIST_CHANGES");
    for (const pull of replaced) cancel(firm, pull);
  }
  firm.audit.push(`calendar_connection_resync_requested ${id}`);
  return { runId: active ?? null };
}

export function resyncAppointment(firm: FirmModel, id: string): Deed {
  const appointment = firm.appointments.get(id);
  if (!appointment) return notFound;
  if (appointment.connectionId === null) return { refused: "NOT_SYNCED" };
  if (!appointment.hasEvent) return { refused: "NO_EXTERNAL_ID" };
  const refused = inactive(firm, appointment.connectionId);
  if (refused) return refused;
  const [active] = runsWhere(firm, (run) => run.appointmentId === id && run.kind === "SINGLE" && isWaiting(run));
  firm.audit.push(`appointment_resync_requested ${id}`);
  return { runId: active ?? null };
}

/** Whether a failure is one that could be replayed, and why not otherwise. */
export function refusalOfReplay(firm: FirmModel, attemptId: string): string | null {
  const attempt = firm.attempts.get(attemptId);
  const run = firm.runs.get(attempt?.runId ?? "");
  if (!attempt || !run) return "NOT_FOUND";
  if (attempt.result === "SUCCESS") return "SUCCEEDED";
  if (attempt.result === "NON_RETRYABLE") return "NON_RETRYABLE";
  if (attempt.state !== "OPEN") return "RESOLVED";
  if (run.status === "QUEUED") return "REPLAY_ACTIVE";
  const refused = inactive(firm, run.connectionId);
  return refused && "refused" in refused ? refused.refused : null;
}

export function replay(firm: FirmModel, attemptId: string): Deed {
  const refused = refusalOfReplay(firm, attemptId);
  if (refused !== null) return { refused };
  const runId = firm.attempts.get(attemptId)?.runId ?? "";
  const run = firm.runs.get(runId);
  if (!run) return notFound;
  const beside = (other: ModelRun): boolean =>
    other !== run && other.connectionId === run.connectionId && isWaiting(other);
  if (runsWhere(firm, (other) => beside(other) && other.kind === "RESYNC").length > 0) {
    return { refused: "RESYNC_ACTIVE" };
  }
  for (const pull of runsWhere(firm, (other) => beside(other) && other.kind === "LIST_CHANGES")) cancel(firm, pull);
  run.status = "QUEUED";
  firm.audit.push(`calendar_sync_manual_replay_requested ${attemptId}`);
  return { runId };
}

export function cancelRun(firm: FirmModel, correlationId: string): Deed {
  const [runId] = runsWhere(firm, (run) => run.correlationId === correlationId);
  if (runId === undefined) return notFound;
  cancel(firm, runId);
  return { runId };
}

export function createAppointment(firm: FirmModel, connectionId: string): Deed {
  if (!firm.connections.has(connectionId)) return notFound;
  return inactive(firm, connectionId) ?? { runId: null };
}

function unchangeable(firm: FirmModel, id: string): Deed | null {
  const appointment = firm.appointments.get(id);
  if (!appointment) return notFound;
  if (appointment.connectionId === null) return { refused: "NOT_SYNCED" };
  const refused = inactive(firm, appointment.connectionId);
  if (refused) return refused;
  return appointment.status === "CANCELLED" ? { refused: "APPOINTMENT_CANCELLED" } : null;
}

export function updateAppointment(firm: FirmModel, id: string, title: string): Deed {
  const appointment = firm.appointments.get(id);
  const refused = unchangeable(firm, id);
  if (refused || !appointment) return refused ?? notFound;
  appointment.title = title;
  firm.audit.push(`appointment_updated ${id}`);
  const waiting = (run: ModelRun): boolean => run.appointmentId === id && run.kind === "PUSH UPSERT" && isWaiting(run);
  return { runId: runsWhere(firm, waiting)[0] ?? null };
}

export function cancelAppointment(firm: FirmModel, id: string): Deed {
  const appointment = firm.appointments.get(id);
  const refused = unchangeable(firm, id);
  if (refused || !appointment) return refused ?? notFound;
  appointment.status = "CANCELLED";
  firm.audit.push(`appointment_cancelled ${id}`);
  const replaced = (run: ModelRun): boolean => run.appointmentId === id && run.kind === "PUSH UPSERT" && isWaiting(run);
  for (const push of runsWhere(firm, replaced)) cancel(firm, push);
  return { runId: null };
}
