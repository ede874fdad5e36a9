import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AuditEvent } from "./audit-event.entity.js";

export const severities = ["info", "warning", "error"] as const;
export type Severity = (typeof severities)[number];

/** What an event can be about. */
export const resourceTypes = ["calendar_connection", "appointment", "sync_run", "sync_attempt", "firm"] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** Every event type that is recorded, with its category. */
export const eventCategories = {
  calendar_connection_resync_requested: "calendar_sync",
  appointment_resync_requested: "calendar_sync",
  calendar_sync_manual_replay_requested: "calendar_sync",
  calendar_sync_manual_replay_success: "calendar_sync",
  calendar_sync_manual_replay_failed: "calendar_sync",
  calendar_sync_retry: "calendar_sync",
  calendar_sync_run_cancelled: "calendar_sync",
  calendar_sync_run_abandoned: "calendar_sync",
  calendar_sync_mass_cancel_refused: "calendar_sync",
  calendar_sync_recovery_requested: "calendar_sync",
  calendar_connection_consent_requested: "calendar_connection",
  calendar_connection_connected: "calendar_connection",
  calendar_connection_reconnected: "calendar_connection",
  calendar_connection_disconnected: "calendar_connection",
  calendar_connection_imported: "calendar_connection",
  calendar_connection_revoked: "calendar_connection",
  calendar_connection_paused: "calendar_connection",
  calendar_connection_resumed: "calendar_connection",
  calendar_connection_circuit_opened: "calendar_connection",
  calendar_connection_circuit_closed: "calendar_connection",
  calendar_connection_erased: "calendar_connection",
  firm_erased: "calendar_connection",
  credentials_rotated: "calendar_connection",
  appointment_created: "appointment",
  appointment_updated: "appointment",
  appointment_cancelled: "appointment",
  appointment_time_changed_by_sync: "appointment",
  appointment_cancelled_by_sync: "appointment",
  audit_events_read: "audit",
} as const;
export type AuditEventType = keyof typeof eventCategories;

export interface AuditRecord {
  eventType: AuditEventType;
  severity?: Severity;
  /** The user who asked; absent for what the server does by itself. */
  actorId?: string;
  resource: { type: ResourceType; id: string };
  correlationId?: string;
  /** Ids, times, codes and the reason a manager typed: never titles, attendees, addresses or names. */
  metadata: Record<string, unknown>;
}

/** Adds an audit event to the unit of work, so that it is committed with the deed or not at all. Its failure fails the deed. */
export function record(unit: UnitOfWork, event: AuditRecord): void {
  unit.em.persist(
    unit.em.create(AuditEvent, {
      firmId: unit.firmId,
      eventType: event.eventType,
      eventCategory: eventCategories[event.eventType],
      severity: event.severity ?? "info",
      actorId: event.actorId ?? null,
      resourceType: event.resource.type,
      resourceId: event.resource.id,
      correlationId: event.correlationId ?? null,
      metadata: event.metadata,
      createdAt: unit.now,
    }),
  );
}

/** One event for each appointment that a page or a sweep changed: a statement for all of them. */
export interface AppointmentEvents {
  eventType: "appointment_time_changed_by_sync" | "appointment_cancelled_by_sync";
  correlationId: string;
  appointments: readonly EventOfMany[];
}

interface EventOfMany {
  id: string;
  metadata: Record<string, unknown>;
}

/** Records many appointments' events at once, in the caller's transaction. */
export function recordForAppointments(unit: UnitOfWork, events: AppointmentEvents): Promise<void> {
  return recordMany(unit, events.eventType, { type: "appointment", all: events.appointments }, events.correlationId);
}

/** One event for each connection that an import has added. */
export interface ConnectionEvents {
  eventType: "calendar_connection_imported";
  connections: readonly EventOfMany[];
}

/** Records many connections' events at once, in the caller's transaction. */
export function recordForConnections(unit: UnitOfWork, events: ConnectionEvents): Promise<void> {
  return recordMany(unit, events.eventType, { type: "calendar_connection", all: events.connections }, null);
}

async function recordMany(
  unit: UnitOfWork,
  eventType: AuditEventType,
  resources: { type: ResourceType; all: readonly EventOfMany[] },
  correlationId: string | null,
): Promise<void> {
  if (resources.all.length === 0) return;
  const ids = resources.all.map(({ id }) => id);
  const metadata = resources.all.map((resource) => JSON.stringify(resource.metadata));
  await sql`
    insert into audit_event (firm_id, event_type, event_category, severity, resource_type, resource_id, correlation_id, metadata, created_at)
    select ${unit.firmId}, ${eventType}, ${eventCategories[eventType]}, 'info', ${resources.type}, id,
      ${correlationId}::uuid, metadata::jsonb, ${unit.now}::timestamptz
    from unnest(${ids}::bigint[], ${metadata}::text[]) as changed (id, metadata)
  `.execute(unit.em.getKysely());
}
