import "reflect-metadata";
import { Migrator } from "@mikro-orm/migrations";
import { defineConfig } from "@mikro-orm/postgresql";
import { Migration20261122000100_firms_and_connections } from "./migrations/Migration20261122000100_firms_and_connections.js";
import { Migration20261122000200_appointments } from "./migrations/Migration20261122000200_appointments.js";
import { Migration20261122000300_runs_and_attempts } from "./migrations/Migration20261122000300_runs_and_attempts.js";
import { Migration20261122000400_audit_events } from "./migrations/Migration20261122000400_audit_events.js";
import { Migration20261122000500_idempotency_keys } from "./migrations/Migration20261122000500_idempotency_keys.js";
import { Migration20261122000600_outages } from "./migrations/Migration20261122000600_outages.js";
import { Migration20261122000700_shared_limits } from "./migrations/Migration20261122000700_shared_limits.js";
import { Migration20261122000800_token_refresh } from "./migrations/Migration20261122000800_token_refresh.js";
import { Migration20261122000900_calendar_consents } from "./migrations/Migration20261122000900_calendar_consents.js";
import { Migration20261122001000_appointment_changes } from "./migrations/Migration20261122001000_appointment_changes.js";
import { Migration20261122001000_import } from "./migrations/Migration20261122001000_import.js";
import { Migration20261122001100_erasing } from "./migrations/Migration20261122001100_erasing.js";
import { Migration20261122001110_waiting_origin } from "./migrations/Migration20261122001110_waiting_origin.js";
import { Migration20261122001200_push } from "./migrations/Migration20261122001200_push.js";
import { Migration20261122001210_push_from_sql } from "./migrations/Migration20261122001210_push_from_sql.js";
import { Migration20261122001300_skipped_events } from "./migrations/Migration20261122001300_skipped_events.js";
import { Migration20261122001400_watch_channels } from "./migrations/Migration20261122001400_watch_channels.js";
import { Migration20261122001500_system_rights } from "./migrations/Migration20261122001500_system_rights.js";
import { Migration20261122001600_maintenance } from "./migrations/Migration20261122001600_maintenance.js";
import { Appointment } from "./src/appointments/appointment.entity.js";
import { SyncAttempt } from "./src/attempts/sync-attempt.entity.js";
import { SyncRun } from "./src/attempts/sync-run.entity.js";
import { AuditEvent } from "./src/audit/audit-event.entity.js";
import { CalendarConnection } from "./src/connections/calendar-connection.entity.js";
import { ConnectionStatistics } from "./src/connections/connection-statistics.entity.js";
import { Firm } from "./src/firms/firm.entity.js";

/** All tables and migrations. Connections (which login, which pool) are added by src/database/orm.ts. */
export const ormOptions = defineConfig({
  entities: [Firm, CalendarConnection, ConnectionStatistics, Appointment, SyncRun, SyncAttempt, AuditEvent],
  extensions: [Migrator],
  migrations: {
    tableName: "migration",
    snapshot: false,
    migrationsList: [
      Migration20261122000100_firms_and_connections,
      Migration20261122000200_appointments,
      Migration20261122000300_runs_and_attempts,
      Migration20261122000400_audit_events,
      Migration20261122000500_idempotency_keys,
      Migration20261122000600_outages,
      Migration20261122000700_shared_limits,
      Migration20261122000800_token_refresh,
      Migration20261122000900_calendar_consents,
      Migration20261122001000_import,
      Migration20261122001000_appointment_changes,
      Migration20261122001100_erasing,
      Migration20261122001110_waiting_origin,
      Migration20261122001200_push,
      Migration20261122001210_push_from_sql,
      Migration20261122001300_skipped_events,
      Migration20261122001400_watch_channels,
      Migration20261122001500_system_rights,
      Migration20261122001600_maintenance,
    ],
  },
});
