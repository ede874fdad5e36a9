import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchema } from "type-graphql";
import { ViewerResolver } from "../access/viewer.resolver.js";
import { AppointmentResolver } from "../appointments/appointment.resolver.js";
import { CancelRunResolver } from "../attempts/cancel-run.resolver.js";
import { ConnectionAttemptsResolver, SyncStatisticsResolver } from "../attempts/connection-attempts.resolver.js";
import { PauseConnectionResolver } from "../attempts/pause-connection.resolver.js";
import { ReplayAttemptResolver } from "../attempts/replay-attempt.resolver.js";
import { ResyncAppointmentResolver } from "../attempts/resync-appointment.resolver.js";
import { ResyncConnectionResolver } from "../attempts/resync-connection.resolver.js";
import { SyncAttemptResolver } from "../attempts/sync-attempt.resolver.js";
import { SyncRunResolver } from "../attempts/sync-run.resolver.js";
import { AuditEventResolver } from "../audit/audit-event.resolver.js";
import { ConnectCalendarResolver } from "../connect/connect-calendar.resolver.js";
import { CalendarConnectionResolver, SyncStatusResolver } from "../connections/calendar-connection.resolver.js";
import { AppointmentChangesResolver } from "../pushing/appointment-changes.resolver.js";

/** Every resolver of the API. */
const resolvers = [
  ViewerResolver,
  SyncStatusResolver,
  SyncStatisticsResolver,
  SyncAttemptResolver,
  SyncRunResolver,
  CalendarConnectionResolver,
  ConnectionAttemptsResolver,
  AppointmentResolver,
  AuditEventResolver,
  ResyncConnectionResolver,
  ResyncAppointmentResolver,
  ReplayAttemptResolver,
  CancelRunResolver,
  PauseConnectionResolver,
  ConnectCalendarResolver,
  AppointmentChangesResolver,
] as const;

/** The API's schema, without its permissions (see checked-permissions.ts). */
export function buildApiSchema(): Promise<GraphQLSchema> {
  // Arguments are checked where they are used, so that the error names the argument.
  // The schema itself is checked by Apollo, and by the test that compares it: doing so here, too, would take 30 ms of each start.
  return buildSchema({ resolvers, validate: false, skipCheck: true });
}
