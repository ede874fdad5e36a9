import type { SyncErrorClass } from "./sync.enums.js";

/** The numbers of the retry policy; see decideRetry for what they do. Defaults in config.ts: 5, 2, 60, 300, 0.1. */
export interface RetryPolicy {
  maxRetries: number;
  baseDelaySeconds: number;
  rateLimitedDelaySeconds: number;
  maxDelaySeconds: number;
  jitterFactor: number;
}

export interface FailedTry {
  errorClass: SyncErrorClass;
  /** Of the attempt that failed; 0 for a run's first. */
  retryCount: number;
  /** What the provider asked for, null where it asked for nothing. */
  retryAfterSeconds: number | null;
  /** A uniform draw from [0, 1). */
  draw: number;
}

export type RetryDecision = { kind: "RETRY"; delaySeconds: number } | { kind: "EXHAUSTED" } | { kind: "NEVER" };

const longestRetryAfterSeconds = 24 * 60 * 60;

/**
 * When a failed attempt is tried again. With the default numbers:
 *
 * | retry_count of the attempt that failed | 0 | 1 | 2 | 3 | 4 | 5 or more |
 * |---|---|---|---|---|---|---|
 * | transient, seconds | 1 | 2 | 4 | 8 | 16 | exhausted |
 * | rate limited, seconds | 60 | 120 | 240 | 300 | 300 | exhausted |
 * | non-retryable | never | | | | | |
 *
 * After the maximum the delay is multiplied by a uniform draw from [0.9, 1.1]. A provider's Retry-After (up to 24 h) that is later
 * wins, plus 0-10 %, never less.
 */
export function decideRetry(policy: RetryPolicy, failed: FailedTry): RetryDecision {
  if (failed.errorClass === "NON_RETRYABLE") return { kind: "NEVER" };
  if (failed.retryCount >= policy.maxRetries) return { kind: "EXHAUSTED" };
  const ours = backoffSeconds(policy, failed) * (1 + policy.jitterFactor * (2 * failed.draw - 1));
  const asked = Math.min(failed.retryAfterSeconds ?? 0, longestRetryAfterSeconds);
  const delaySeconds = asked > ours ? asked * (1 + policy.jitterFactor * failed.draw) : ours;
  return { kind: "RETRY", delaySeconds };
}

function backoffSeconds(policy: RetryPolicy, failed: FailedTry): number {
  const seconds =
    failed.errorClass === "TRANSIENT"
      ? policy.baseDelaySeconds ** failed.retryCount
      : policy.rateLimitedDelaySeconds * 2 ** failed.retryCount;
  return Math.min(seconds, policy.maxDelaySeconds);
}
