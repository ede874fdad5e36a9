/** What GraphiQL's tabs begin with: the questions that an operations manager asks most. The ids are those of the demo. */
export const exampleOperations: readonly string[] = [
  `# Which connections need somebody?
query Connections {
  calendarConnections(first: 20) {
    totalCount
    nodes {
      id provider accountEmail calendarName status health lastSyncAt nextSyncAt
      statistics { totalAttempts successRate openFailures }
      lastFailure { id errorCode errorSummary remedy nextRetryAt }
    }
  }
}`,
  `# How does one connection stand?
query Status($connectionId: ID! = "123") {
  syncStatus(connectionId: $connectionId) {
    provider status health lastSyncAt nextSyncAt
    statistics {
      totalAttempts successes failures successRate
      openFailures eligibleForRetry pendingRetry maxRetriesReached
      errorBreakdown { transient rateLimited nonRetryable }
      lastSuccessfulSync
    }
  }
}`,
  `# What has failed and is not resolved?
query FailedAttempts {
  failedAttempts(includeExhausted: true) {
    totalCount
    nodes {
      id connectionId operation errorClass errorCode errorSummary remedy
      retryCount nextRetryAt isReplayable notReplayableReason
      connection { accountEmail }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
  `# Read a calendar anew, and see what came of it.
mutation Resync($connectionId: ID! = "123") {
  resyncConnection(connectionId: $connectionId, reason: "Checked by hand") {
    message
    result { status correlationId syncedCount errorCode errorSummary nextRetryAt }
    run { status createdCount updatedCount cancelledCount unchangedCount attempts { id status durationMs } }
  }
}`,
  `# Read what lies between two instants anew.
mutation ResyncRange($connectionId: ID! = "123") {
  resyncConnection(connectionId: $connectionId, startDate: "2025-01-01T00:00:00Z", endDate: "2026-01-01T00:00:00Z") {
    message
    result { status correlationId syncedCount errorCode errorSummary nextRetryAt }
  }
}`,
  `# Run a failed attempt again, also before its retry is due or after its retries are used up.
mutation Replay($attemptId: ID! = "789") {
  replayAttempt(attemptId: $attemptId, reason: "Tried by hand") {
    message
    result { status correlationId syncedCount errorCode errorSummary nextRetryAt }
    attempt { id status retryCount }
  }
}`,
  `# Read one appointment anew.
mutation ResyncAppointment($appointmentId: ID! = "456") {
  resyncAppointment(appointmentId: $appointmentId) {
    message
    result { status correlationId errorCode errorSummary nextRetryAt }
    appointment { id title startsAt endsAt status }
  }
}`,
  `# Make an appointment, and an event of it in the calendar.
mutation Create($connectionId: ID! = "123") {
  createAppointment(connectionId: $connectionId, title: "Visit", startsAt: "2027-03-01T09:00:00Z", endsAt: "2027-03-01T10:00:00Z") {
    message
    result { status correlationId errorCode errorSummary nextRetryAt }
    appointment { id externalEventId title startsAt endsAt }
  }
}`,
  `# Stop a connection's sync.
mutation Pause($connectionId: ID! = "123") {
  pauseConnection(connectionId: $connectionId, reason: "Maintenance") { id status nextSyncAt }
}`,
  `# Let it go on; a pull is due at once.
mutation Resume($connectionId: ID! = "123") {
  resumeConnection(connectionId: $connectionId) { id status nextSyncAt }
}`,
  `# Connect a calendar: open the consentUrl of the answer in this browser.
mutation Connect {
  connectCalendar(provider: GOOGLE, ownerId: "staff-9") { consentUrl expiresAt }
}`,
  `# Give a revoked connection its access back: likewise.
mutation Reconnect($connectionId: ID! = "127") {
  reconnectCalendar(connectionId: $connectionId) { consentUrl expiresAt }
}`,
  `# End a connection; its appointments stay.
mutation Disconnect($connectionId: ID! = "127") {
  disconnectCalendar(connectionId: $connectionId, reason: "Has left") { id status statusReason }
}`,
  `# What is under way or waits? The correlation id ends it.
query Runs {
  syncRuns(status: [QUEUED, RUNNING, RETRYING, HELD]) {
    nodes { correlationId connection { id accountEmail } operation status nextRetryAt }
  }
}`,
  `# End a run.
mutation Cancel($correlationId: ID! = "00000000-0000-0000-0000-000000000000") {
  cancelSyncRun(correlationId: $correlationId) { run { status createdCount updatedCount cancelledCount } }
}`,
  `# Who did what?
query Audit {
  auditEvents(first: 20) {
    nodes { id eventType severity actorId resourceType resourceId correlationId metadata createdAt }
  }
}`,
];
