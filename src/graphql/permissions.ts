import { isManager as mayManage } from "../access/actor.js";
import type { Context } from "../context.js";
import type { PermissionTable } from "./checked-permissions.js";
import { rule } from "./shield.js";

// Cached nowhere: shield's contextual cache ignores arguments, and an alias would pass beside an allowed sibling.
const uncached = { cache: "no_cache" } as const;

/** Every request has an actor: without one it is refused before GraphQL begins. */
export const isSignedIn = rule(
  "isSignedIn",
  uncached,
)((_parent, _args, context: Partial<Context>) => context.actor !== undefined);

export const isManager = rule(
  "isManager",
  uncached,
)((_parent, _args, context: Partial<Context>) => context.actor !== undefined && mayManage(context.actor));

/**
 * Who may do what: the one table. Root fields are listed one by one, other types as a whole. What is not listed is denied, and the
 * schema is not even built: see checked-permissions.ts.
 */
export const permissions = {
  Query: {
    viewer: isSignedIn,
    syncStatus: isManager,
    failedAttempts: isManager,
    syncAttempts: isManager,
    syncAttempt: isManager,
    syncRun: isManager,
    syncRuns: isManager,
    calendarConnection: isManager,
    calendarConnections: isManager,
    appointment: isManager,
    appointments: isManager,
    auditEvents: isManager,
  },
  Mutation: {
    resyncConnection: isManager,
    resyncAppointment: isManager,
    replayAttempt: isManager,
    cancelSyncRun: isManager,
    pauseConnection: isManager,
    resumeConnection: isManager,
    connectCalendar: isManager,
    reconnectCalendar: isManager,
    disconnectCalendar: isManager,
    createAppointment: isManager,
    updateAppointment: isManager,
    cancelAppointment: isManager,
  },
  Viewer: isSignedIn,
  SyncStatus: isManager,
  SyncStatistics: isManager,
  SyncErrorBreakdown: isManager,
  SyncAttempt: isManager,
  SyncAttemptConnection: isManager,
  SyncAttemptEdge: isManager,
  SyncRun: isManager,
  SyncRunConnection: isManager,
  SyncRunEdge: isManager,
  SkippedEvent: isManager,
  CalendarConnection: isManager,
  CalendarConnectionConnection: isManager,
  CalendarConnectionEdge: isManager,
  Appointment: isManager,
  AppointmentConnection: isManager,
  AppointmentEdge: isManager,
  AuditEvent: isManager,
  AuditEventConnection: isManager,
  AuditEventEdge: isManager,
  PageInfo: isManager,
  SyncResult: isManager,
  ResyncConnectionPayload: isManager,
  ResyncAppointmentPayload: isManager,
  ReplayAttemptPayload: isManager,
  CancelSyncRunPayload: isManager,
  CalendarConsent: isManager,
  AppointmentChangePayload: isManager,
} satisfies PermissionTable;
