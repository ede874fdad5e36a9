import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import {
  connectionStatusSchema,
  countSchema,
  idNumber,
  idSchema,
  instantSchema,
  providerSchema,
  word,
} from "./json-values.js";

interface SyncStatus {
  connectionId: string;
  provider: string;
  status: string;
  lastSyncAt: string | null;
  lastSyncCursor: string | null;
  statistics: {
    totalAttempts: number;
    successes: number;
    failures: number;
    successRate: number | null;
    maxRetriesReached: number;
    pendingRetry: number;
    eligibleForRetry: number;
    errorBreakdown: { transient: number; nonRetryable: number; rateLimited: number };
    lastSuccessfulSync: string | null;
    lastSyncCursor: string | null;
  };
}

export const syncStatusDocument = `query SyncStatus($id: ID!) {
  syncStatus(connectionId: $id) {
    connectionId provider status lastSyncAt lastSyncCursor
    statistics {
      totalAttempts successes failures successRate maxRetriesReached pendingRetry eligibleForRetry
      errorBreakdown { transient nonRetryable rateLimited } lastSuccessfulSync lastSyncCursor
    }
  }
}`;

const cursorSchema = z.string().meta({ description: '"Not set" before the first sync.' });

/** Its numbers show the form only. */
const example = {
  connection_id: 123,
  provider: "google",
  status: "active",
  last_sync_at: "2025-12-30T10:30:00Z",
  last_sync_cursor: "cursor_abc123",
  statistics: {
    total_attempts: 150,
    successes: 145,
    failures: 5,
    success_rate: "96.7%",
    max_retries_reached: 1,
    pending_retry: 2,
    eligible_for_retry: 2,
    error_breakdown: { transient: 3, non_retryable: 1, rate_limited: 1 },
    last_successful_sync: "2025-12-30T10:30:00Z",
    last_sync_cursor: "cursor_abc123",
  },
} as const;

export const syncStatusSchema = z
  .strictObject({
    connection_id: idSchema,
    provider: providerSchema,
    status: connectionStatusSchema,
    last_sync_at: instantSchema.nullable().meta({ description: "End of the last successful pull." }),
    last_sync_cursor: cursorSchema,
    statistics: z.strictObject({
      total_attempts: countSchema.meta({ description: "Finished attempts: successes and failures." }),
      successes: countSchema,
      failures: countSchema,
      success_rate: z
        .string()
        .regex(/^(0|\d+\.\d)%$/)
        .meta({ description: 'With one decimal, as "96.7%"; "0%" when there is no attempt.' }),
      max_retries_reached: countSchema.meta({ description: "Open failures whose retries are used up." }),
      pending_retry: countSchema.meta({ description: "Open failures whose next retry is still ahead." }),
      eligible_for_retry: countSchema.meta({ description: "Open, retryable, not exhausted." }),
      error_breakdown: z.strictObject({
        transient: countSchema,
        non_retryable: countSchema,
        rate_limited: countSchema,
      }),
      last_successful_sync: instantSchema.nullable(),
      last_sync_cursor: cursorSchema,
    }),
  })
  .meta({ examples: [example] });

export function renderSyncStatus({ syncStatus }: { syncStatus: SyncStatus }): Answer {
  return ok({
    connection_id: idNumber(syncStatus.connectionId),
    provider: word(syncStatus.provider),
    status: word(syncStatus.status),
    last_sync_at: syncStatus.lastSyncAt,
    last_sync_cursor: cursorText(syncStatus.lastSyncCursor),
    statistics: statisticsBody(syncStatus.statistics),
  });
}

function statisticsBody(statistics: SyncStatus["statistics"]) {
  const { transient, nonRetryable, rateLimited } = statistics.errorBreakdown;
  return {
    total_attempts: statistics.totalAttempts,
    successes: statistics.successes,
    failures: statistics.failures,
    success_rate: statistics.successRate === null ? "0%" : `${statistics.successRate.toFixed(1)}%`,
    max_retries_reached: statistics.maxRetriesReached,
    pending_retry: statistics.pendingRetry,
    eligible_for_retry: statistics.eligibleForRetry,
    error_breakdown: { transient, non_retryable: nonRetryable, rate_limited: rateLimited },
    last_successful_sync: statistics.lastSuccessfulSync,
    last_sync_cursor: cursorText(statistics.lastSyncCursor),
  };
}

function cursorText(cursor: string | null): string {
  return cursor ?? "Not set";
}
