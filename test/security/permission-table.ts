/** Who asks: without a token, with one that has expired, with a role of the firm, as a manager of another firm. */
export const askers = ["nobody", "expired", "client", "staff", "manager", "foreign manager"] as const;
export type Asker = (typeof askers)[number];

/**
 * What is answered. told: what was asked for; denied: FORBIDDEN or 403; nothing: as if there were no such thing, or an empty list;
 * unknown: who asks is not known, 401.
 */
export type Outcome = "told" | "denied" | "nothing" | "unknown";

/** The types of the schema with their fields, and who is told them. Written by hand: it must not follow the code. */
export const fieldTable: Record<string, { askers: Record<Asker, Outcome>; fields: Record<string, string> }> = {
  "whoever is signed in": {
    askers: {
      ...{ nobody: "unknown", expired: "unknown" },
      ...{ client: "told", staff: "told", manager: "told", "foreign manager": "told" },
    },
    fields: {
      Query: "viewer",
      Viewer: "firmId id isManager isStaff name role",
    },
  },
  "the firm's managers": {
    askers: {
      ...{ nobody: "unknown", expired: "unknown" },
      ...{ client: "denied", staff: "denied", manager: "told", "foreign manager": "nothing" },
    },
    fields: {
      Query:
        "appointment appointments auditEvents calendarConnection calendarConnections failedAttempts syncAttempt syncAttempts syncRun syncRuns syncStatus",
      Mutation:
        "cancelAppointment cancelSyncRun connectCalendar createAppointment disconnectCalendar pauseConnection reconnectCalendar replayAttempt resumeConnection resyncAppointment resyncConnection updateAppointment",
      Appointment:
        "connection endsAt externalEventId id isAllDay recurringEventId startsAt status statusReason timeZone title updatedAt",
      AppointmentChangePayload: "appointment message result run",
      AppointmentConnection: "edges nodes pageInfo totalCount",
      AppointmentEdge: "cursor node",
      AuditEvent:
        "actorId correlationId createdAt eventCategory eventType id metadata resourceId resourceType severity",
      AuditEventConnection: "edges nodes pageInfo totalCount",
      AuditEventEdge: "cursor node",
      CalendarConnection:
        "accountEmail activeRun calendarName consecutiveFailures createdAt failedAttempts health id lastFailure lastSyncAt lastSyncCursor nextSyncAt ownerId provider statistics status statusChangedAt statusReason updatedAt windowEnd windowStart",
      CalendarConnectionConnection: "edges nodes pageInfo totalCount",
      CalendarConnectionEdge: "cursor node",
      CalendarConsent: "consentUrl expiresAt",
      CancelSyncRunPayload: "run",
      PageInfo: "endCursor hasNextPage hasPreviousPage startCursor",
      ReplayAttemptPayload: "attempt attemptId message result run",
      ResyncAppointmentPayload: "appointment appointmentId externalEventId message result run",
      ResyncConnectionPayload: "connectionId message provider result run",
      SkippedEvent: "externalEventId reason",
      SyncAttempt:
        "appointment appointmentId connection connectionId correlationId direction durationMs errorClass errorCode errorSummary finishedAt id isReplayable isRunning maxRetriesReached nextRetryAt notReplayableReason operation providerRequestId providerStatus remedy resolvedBy retryCount run startedAt state status",
      SyncAttemptConnection: "edges nodes pageInfo totalCount",
      SyncAttemptEdge: "cursor node",
      SyncErrorBreakdown: "nonRetryable rateLimited transient",
      SyncResult: "correlationId errorClass errorCode errorSummary nextRetryAt status syncedCount",
      SyncRun:
        "appointment attempts cancelledCount connection correlationId createdAt createdCount direction endDate errorClass errorSummary finishedAt id isFinished lastAttempt nextRetryAt operation pagesDone reason requestedById skippedCount skippedEvents startDate startedAt status trigger unchangedCount updatedCount",
      SyncRunConnection: "edges nodes pageInfo totalCount",
      SyncRunEdge: "cursor node",
      SyncStatistics:
        "eligibleForRetry errorBreakdown failures lastSuccessfulSync lastSyncCursor maxRetriesReached openFailures pendingRetry successRate successes totalAttempts",
      SyncStatus: "connectionId health lastSyncAt lastSyncCursor nextSyncAt provider statistics status statusReason",
    },
  },
};

/** The REST routes: what each can be asked with, and what a manager of another firm is told by that. */
export const routeTable: Record<string, { verb: "GET" | "POST"; foreign: Outcome }> = {
  "": { verb: "GET", foreign: "told" },
  "openapi.json": { verb: "GET", foreign: "told" },
  "connections/": { verb: "GET", foreign: "told" },
  "connections/{id}/": { verb: "GET", foreign: "nothing" },
  "connections/{id}/resync/": { verb: "POST", foreign: "nothing" },
  "connections/{id}/sync-status/": { verb: "GET", foreign: "nothing" },
  "connections/{id}/failed-attempts/": { verb: "GET", foreign: "nothing" },
  "appointments/{id}/resync/": { verb: "POST", foreign: "nothing" },
  "sync-attempts/": { verb: "GET", foreign: "told" },
  "sync-attempts/failed/": { verb: "GET", foreign: "told" },
  "sync-attempts/{id}/": { verb: "GET", foreign: "nothing" },
  "sync-attempts/{id}/replay/": { verb: "POST", foreign: "nothing" },
  "sync-runs/{correlation_id}/": { verb: "GET", foreign: "nothing" },
};

export const verbs = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] as const;
export type Verb = (typeof verbs)[number];

/** The status of an answer below the REST prefix: who may not ask is told so before whether there is such a verb. */
export function expectedStatus(path: string, verb: Verb, asker: Asker): number | undefined {
  if (asker === "nobody" || asker === "expired") return 401;
  if (asker === "client" || asker === "staff") return 403;
  const row = routeTable[path];
  if (verb === "OPTIONS") return 200;
  if (verb !== row?.verb && !(verb === "HEAD" && row?.verb === "GET")) return 405;
  return asker === "foreign manager" && row.foreign === "nothing" ? 404 : 200;
}
