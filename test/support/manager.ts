import { ClientError } from "graphql-request";
import type { TestApp } from "./app.js";

/** The extensions of the first error that a request is refused with. */
export async function refusalOf(asked: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ClientError) return { ...error.response.errors?.[0]?.extensions };
    throw error;
  }
  throw new Error("it was not refused");
}

export interface SeenAttempt {
  id: string;
  state: string;
  errorClass: string | null;
  errorCode: string | null;
  errorSummary: string | null;
  remedy: string;
  retryCount: number;
  maxRetriesReached: boolean;
  nextRetryAt: string | null;
  isReplayable: boolean;
  notReplayableReason: string | null;
  correlationId: string;
  resolvedBy: { id: string } | null;
}

export interface SeenConnection {
  syncStatus: {
    status: string;
    statusReason: string | null;
    health: string;
    lastSyncAt: string | null;
    nextSyncAt: string | null;
    statistics: Record<string, unknown>;
  };
  failedAttempts: { totalCount: number; nodes: SeenAttempt[] };
  syncRuns: { nodes: { status: string; operation: string; correlationId: string; nextRetryAt: string | null }[] };
}

/** What a manager sees of a connection: its status, the failures that are asked for, and its runs, newest first. */
export function seen(
  app: TestApp,
  connectionId: string,
  which: { includeExhausted?: boolean; includeClosed?: boolean } = {},
): Promise<SeenConnection> {
  return app.manager<SeenConnection>(
    `query ($id: ID!, $includeExhausted: Boolean! = false, $includeClosed: Boolean! = false) {
      syncStatus(connectionId: $id) { status statusReason health lastSyncAt nextSyncAt statistics {
        totalAttempts successes failures successRate openFailures maxRetriesReached pendingRetry eligibleForRetry
        errorBreakdown { transient nonRetryable rateLimited } } }
      failedAttempts(connectionId: $id, includeExhausted: $includeExhausted, includeClosed: $includeClosed) {
        totalCount nodes {
          id state errorClass errorCode errorSummary remedy retryCount maxRetriesReached nextRetryAt isReplayable
          notReplayableReason correlationId resolvedBy { id } } }
      syncRuns(connectionId: $id) { nodes { status operation correlationId nextRetryAt } }
    }`,
    { id: connectionId, ...which },
  );
}

/** Types and severities of the audit events about a run, oldest first, as a manager reads them. */
export async function auditOf(app: TestApp, correlationId: string): Promise<string[]> {
  const { auditEvents } = await app.manager<{ auditEvents: { nodes: { eventType: string; severity: string }[] } }>(
    "query ($id: ID!) { auditEvents(correlationId: $id) { nodes { eventType severity } } }",
    { id: correlationId },
  );
  return auditEvents.nodes.map(({ eventType, severity }) => `${eventType} ${severity}`).reverse();
}

/** As if so much time had passed that every retry of the connection is due, and the provider may be asked again. */
export async function letTimePass(app: TestApp, connectionId: string): Promise<void> {
  await app.sql(
    `with due as (
       update sync_run set next_retry_at = now() where connection_id = $1 and status = 'RETRYING'
       returning open_failure_id, next_retry_at
     ), retried as (
       update sync_attempt a set next_retry_at = due.next_retry_at, provider_retry_at = now()
       from due where a.id = due.open_failure_id
     ), allowed as (
       update sync_attempt a set provider_retry_at = now() from sync_run r
       where r.connection_id = $1 and r.open_failure_id = a.id and r.status <> 'RETRYING' and a.provider_retry_at > now()
     )
     update pgboss.job j set start_after = now() from sync_run r
     where r.connection_id = $1 and r.job_id = j.id and j.state = 'created' and j.start_after > now()`,
    [connectionId],
  );
}
