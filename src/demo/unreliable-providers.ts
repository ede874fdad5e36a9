import type { Control } from "../simulator/control.js";

/** Of many clients that share an account's quota, one gets through every five minutes. */
const throttledAccount = "feeds@example.com";
const throttle = { requests: 1, perSeconds: 300, status: 429 } as const;

/**
 * With this seed the first connection's account meets no burst of 429s among its first 20 requests, so that what the README shows of
 * it can be seen.
 */
const profile = "flaky:demo";

/** From now on the providers are as unreliable as real ones on a bad day, so that there are failures to look at. */
export function makeUnreliable(control: Control): void {
  control.setProfile(profile);
  control.setThrottle({ ...throttle, account: throttledAccount });
}
