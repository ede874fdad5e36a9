/** What GraphiQL's tabs begin with: the questions that an operations manager asks most. */
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
query Status($connectionId: ID! = "1") {
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
mutation Resync($connectionId: ID! = "1") {
  resyncConnection(connectionId: $connectionId, reason: "Checked by hand") {
    message
    result { status correlationId syncedCount errorCode errorSummary nextRetryAt }
    run { status createdCount updatedCount cancelledCount unchangedCount attempts { id status durationMs } }
  }
}`,
  `# Who did what?
query Audit {
  auditEvents(first: 20) {
    nodes { id eventType severity actorId resourceType resourceId correlationId metadata createdAt }
  }
}`,
];
