import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decideRetry, type RetryDecision, type RetryPolicy } from "../../src/attempts/retry-policy.js";
import { largestDistance, seededDraws } from "../support/distribution.js";

const policy: RetryPolicy = {
  maxRetries: 5,
  baseDelaySeconds: 2,
  rateLimitedDelaySeconds: 60,
  maxDelaySeconds: 300,
  jitterFactor: 0.1,
};
/** The draw that leaves the delay as it is. */
const middle = 0.5;

describe("the delay after a failed attempt", () => {
  test.each([
    [0, 1],
    [1, 2],
    [2, 4],
    [3, 8],
    [4, 16],
  ])("transient, retry count %i: %i s", (retryCount, seconds) => {
    expect(decide({ retryCount })).toEqual({ kind: "RETRY", delaySeconds: seconds });
  });

  test.each([
    [0, 60],
    [1, 120],
    [2, 240],
    [3, 300],
    [4, 300],
  ])("rate limited, retry count %i: %i s", (retryCount, seconds) => {
    expect(decide({ errorClass: "RATE_LIMITED", retryCount })).toEqual({ kind: "RETRY", delaySeconds: seconds });
  });

  test.each([5, 6, 100])("a retryable failure with retry count %i is exhausted", (retryCount) => {
    expect(decide({ retryCount })).toEqual({ kind: "EXHAUSTED" });
    expect(decide({ errorClass: "RATE_LIMITED", retryCount })).toEqual({ kind: "EXHAUSTED" });
  });

  test.each([0, 4, 5, 6])("a non-retryable failure with retry count %i is never tried again", (retryCount) => {
    expect(decide({ errorClass: "NON_RETRYABLE", retryCount })).toEqual({ kind: "NEVER" });
  });

  test("the numbers are configuration", () => {
    const other = { ...policy, maxRetries: 1, baseDelaySeconds: 3, maxDelaySeconds: 2 };
    const failed = { errorClass: "TRANSIENT", retryAfterSeconds: null, draw: middle } as const;
    expect(decideRetry(other, { ...failed, retryCount: 0 })).toEqual({ kind: "RETRY", delaySeconds: 1 });
    expect(decideRetry(other, { ...failed, retryCount: 1 })).toEqual({ kind: "EXHAUSTED" });
  });
});

describe("a provider's Retry-After", () => {
  test("later than our delay wins, plus 0 to 10 %, never less", () => {
    const draws = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 400, max: 86_400 }),
        draws,
        (retryCount, asked, draw) => {
          const seconds = delayOf(decide({ errorClass: "RATE_LIMITED", retryCount, retryAfterSeconds: asked, draw }));
          expect(seconds).toBeGreaterThanOrEqual(asked);
          expect(seconds).toBeLessThanOrEqual(asked * 1.1);
        },
      ),
    );
  });

  test("sooner than our delay changes nothing", () => {
    expect(decide({ errorClass: "RATE_LIMITED", retryCount: 1, retryAfterSeconds: 10 })).toEqual({
      kind: "RETRY",
      delaySeconds: 120,
    });
  });

  test("of more than a day is taken as a day", () => {
    expect(delayOf(decide({ retryAfterSeconds: 365 * 86_400, draw: 0 }))).toBe(86_400);
  });

  test("does not revive an exhausted attempt", () => {
    expect(decide({ retryCount: 5, retryAfterSeconds: 10 })).toEqual({ kind: "EXHAUSTED" });
  });
});

describe("the jitter", () => {
  const draws = seededDraws(20_000);
  /** Kolmogorov and Smirnov: a sample of 20,000 from the law itself is farther off once in a thousand times. */
  const critical = 1.95 / Math.sqrt(draws.length);
  const uniform = (value: number): number => (value - 0.9) / 0.2;

  test("is uniform between 0.9 and 1.1 times the delay", () => {
    const factors = draws.map((draw) => delayOf(decide({ retryCount: 3, draw })) / 8);
    expect(largestDistance(factors, uniform)).toBeLessThan(critical);
  });

  test("(control) a jitter that leans to one side is noticed", () => {
    const factors = draws.map((draw) => delayOf(decide({ retryCount: 3, draw: draw ** 1.05 })) / 8);
    expect(largestDistance(factors, uniform)).toBeGreaterThan(critical);
  });

  test("comes after the maximum, so that retries at the maximum do not meet either", () => {
    const seconds = draws.map((draw) => delayOf(decide({ errorClass: "RATE_LIMITED", retryCount: 4, draw })));
    expect(Math.max(...seconds)).toBeGreaterThan(329);
    expect(Math.min(...seconds)).toBeLessThan(271);
  });
});

function decide(failed: Partial<Parameters<typeof decideRetry>[1]>): RetryDecision {
  return decideRetry(policy, {
    errorClass: "TRANSIENT",
    retryCount: 0,
    retryAfterSeconds: null,
    draw: middle,
    ...failed,
  });
}

function delayOf(decision: RetryDecision): number {
  if (decision.kind !== "RETRY") throw new Error(`expected a retry, not ${decision.kind}`);
  return decision.delaySeconds;
}
