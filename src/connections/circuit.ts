import { sql } from "kysely";
import { record } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { CalendarConnection } from "./calendar-connection.entity.js";
import type { CircuitLimits } from "./outage-limits.js";

/** A run of the connection has failed by itself, not by its provider's outage: after many, its pulls are slowed, which is audited. */
export async function countFailedRun(
  unit: UnitOfWork,
  connection: CalendarConnection,
  { correlationId, limits }: { correlationId: string; limits: CircuitLimits },
): Promise<void> {
  const lastSuccessAt = await lastSuccessOf(unit, connection);
  if (!connection.countFailedRun(unit.now, lastSuccessAt, limits)) return;
  record(unit, {
    eventType: "calendar_connection_circuit_opened",
    severity: "warning",
    resource: { type: "calendar_connection", id: connection.id },
    correlationId,
    metadata: {
      failed_runs: connection.circuitFailures,
      last_successful_sync_at: lastSuccessAt?.toISOString() ?? null,
      provider: connection.provider.toLowerCase(),
    },
  });
}

/** Why a circuit closes, and who did it where somebody did. */
interface CircuitClosing {
  because: "success" | "resync" | "reconnect";
  actorId?: string;
  correlationId?: string;
}

/** The connection has succeeded, or somebody gives it a new start: its pulls come as usual again. Audited where they had been slowed. */
export function closeCircuit(unit: UnitOfWork, connection: CalendarConnection, closing: CircuitClosing): void {
  const { because, ...who } = closing;
  const hasClosed = because === "success" ? connection.closeCircuit(unit.now) : connection.resetCircuit(unit.now);
  if (!hasClosed) return;
  record(unit, {
    eventType: "calendar_connection_circuit_closed",
    ...who,
    resource: { type: "calendar_connection", id: connection.id },
    metadata: { because, provider: connection.provider.toLowerCase() },
  });
}

async function lastSuccessOf(unit: UnitOfWork, connection: CalendarConnection): Promise<Date | null> {
  const { rows } = await prepared(
    unit.em,
    sql<{ at: string | null }>`
    select last_successful_sync_at as at from connection_statistics
    where firm_id = ${unit.firmId} and connection_id = ${connection.id}
  `,
  );
  const at = rows[0]?.at;
  return at ? new Date(at) : null;
}
