/** When a connection that fails all the time is asked less often. */
export interface CircuitLimits {
  /** So many failed runs in a row open the circuit of their connection… */
  circuitFailedRuns: number;
  /** …or a failed run after so long without a success. */
  circuitSeconds: number;
  /** Between two pulls of a connection whose circuit is open, or whose mass cancellation waits for a manager's decision. */
  slowIntervalSeconds: number;
}

/** How fast automatic retries may come, of all processes together. */
interface RetryBudgetLimits {
  /** The budget of a provider grows by so many retries a second at least… */
  retriesPerSecond: number;
  /** …and by this share of its first tries, whichever is more… */
  retriesPerFirstTry: number;
  /** …up to so many, which may come at once. */
  retryBurst: number;
}

/** When a provider that is down is left alone, and how it is asked whether it is back. */
interface BreakerLimits {
  /** The breaker opens when the attempts of the last so many seconds… */
  recentSeconds: number;
  /** …have failed transiently with so many different connections at least… */
  breakerConnections: number;
  /** …and more than this share of all of them. */
  breakerFailedShare: number;
  /** Until the first probe, and each time twice as long after one that has failed… */
  firstProbeSeconds: number;
  /** …but no longer than this. What waits behind the breaker looks again by itself after one to two times this long. */
  longestProbeSeconds: number;
  /** A probe that has told nothing for so long is given up: its worker may be gone. Longer than a token and a page may take. */
  probeLeaseSeconds: number;
}

export type OutageLimits = CircuitLimits & RetryBudgetLimits & BreakerLimits;

/** What keeps an outage from becoming a storm; docs/retries-and-outages.md tells it to operators. */
export const outageLimits: OutageLimits = {
  circuitFailedRuns: 20,
  circuitSeconds: 24 * 3600,
  slowIntervalSeconds: 3600,
  retriesPerSecond: 1,
  retriesPerFirstTry: 0.1,
  // With the seconds until the breaker opens, a minute of an outage stays below sixty retries.
  retryBurst: 20,
  recentSeconds: 60,
  breakerConnections: 5,
  breakerFailedShare: 0.5,
  firstProbeSeconds: 15,
  longestProbeSeconds: 300,
  probeLeaseSeconds: 90,
};
