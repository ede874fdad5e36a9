import { Field, Float, Int, ObjectType } from "type-graphql";
import { DateTime } from "../date-time.js";
import type { RowOf } from "../graphql/rows.js";
import type { ConnectionStatistics } from "./connection-statistics.entity.js";

@ObjectType({ description: "Failed attempts by class, since the connection exists." })
export class SyncErrorBreakdown {
  @Field(() => Int)
  transient!: number;

  @Field(() => Int)
  nonRetryable!: number;

  @Field(() => Int)
  rateLimited!: number;
}

@ObjectType({ description: "Counts of a connection: of its whole life, and of what is open now." })
export class SyncStatistics {
  /** Not in the API: the connection that is counted. */
  connectionId!: string;

  @Field(() => Int, { description: "Finished attempts: successes and failures, retries included." })
  totalAttempts!: number;

  @Field(() => Int)
  successes!: number;

  @Field(() => Int)
  failures!: number;

  @Field(() => Float, { nullable: true, description: "0 to 100 with one decimal; null when there is no attempt." })
  successRate!: number | null;

  @Field(() => Int, {
    description: "Failures that nothing has resolved: waiting or due, exhausted, and non-retryable ones.",
  })
  openFailures!: number;

  @Field(() => Int, { description: "Open failures whose retries are used up." })
  maxRetriesReached!: number;

  @Field(() => Int, { description: "Open, retryable, not exhausted: waiting or due." })
  eligibleForRetry!: number;

  @Field(() => SyncErrorBreakdown)
  errorBreakdown!: SyncErrorBreakdown;

  @Field(() => DateTime, { nullable: true, description: "End of the last successful attempt of any kind." })
  lastSuccessfulSync!: string | null;

  @Field(() => String, { nullable: true })
  lastSyncCursor!: string | null;
}

/** What the counters of a connection say. pendingRetry depends on the clock and is added in attempts/. */
export function statisticsOf(counters: RowOf<ConnectionStatistics>, cursor: string | null): RowOf<SyncStatistics> {
  const successes = Number(counters.successes);
  const errorBreakdown: RowOf<SyncErrorBreakdown> = {
    transient: Number(counters.transientFailures),
    nonRetryable: Number(counters.nonRetryableFailures),
    rateLimited: Number(counters.rateLimitedFailures),
  };
  const failures = errorBreakdown.transient + errorBreakdown.nonRetryable + errorBreakdown.rateLimited;
  return {
    connectionId: counters.connectionId,
    totalAttempts: successes + failures,
    successes,
    failures,
    successRate: successRate(successes, failures),
    openFailures: counters.openRetryable + counters.openExhausted + counters.openNonRetryable,
    maxRetriesReached: counters.openExhausted,
    eligibleForRetry: counters.openRetryable,
    errorBreakdown,
    lastSuccessfulSync: counters.lastSuccessfulSyncAt,
    lastSyncCursor: cursor,
  };
}

/** Per cent, half up to one decimal; 100.0 only without failures. Null when there is no attempt. */
export function successRate(successes: number, failures: number): number | null {
  const total = successes + failures;
  if (total === 0) return null;
  const tenths = Math.floor((2000 * successes + total) / (2 * total)); // whole numbers: no rounding of fractions
  return (failures > 0 ? Math.min(tenths, 999) : tenths) / 10;
}
