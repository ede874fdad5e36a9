import { createHash } from "node:crypto";
import type { ProviderKind } from "./accounts.js";
import type { Fault, FaultEffect } from "./faults.js";
import { StateError } from "./state-error.js";

/** The fault that a journal entry names for what the profile did. */
const PROFILE_FAULT_ID = 0;
/** So many requests of an account have one 503 and either a burst of 429s or a lost answer among them. */
const BLOCK = 20;
const BURST = 3;
const RETRY_AFTER_SECONDS = "5";

/**
 * An unreliable provider: of every 20 requests of an account to its API, one is answered with 503, and three in a row with 429 and
 * Retry-After in one block of 20, in the next a single answer is lost after the request was carried out. Which ones is decided by
 * the seed and the account alone, so the same requests in the same order always meet the same.
 */
export class FlakyProfile {
  readonly #counts = new Map<string, number>();

  private constructor(
    /** As it was given: `flaky:SEED`. */
    readonly name: string,
  ) {}

  /** Throws StateError for anything but `flaky:SEED`. */
  static of(name: string): FlakyProfile {
    if (!/^flaky:.+$/.test(name)) throw new StateError("invalid", `no such profile: ${name} (flaky:SEED is one)`);
    return new FlakyProfile(name);
  }

  /** What happens to the account's next request; null leaves it alone. */
  take(provider: ProviderKind, account: string): Fault | null {
    const count = this.#counts.get(account) ?? 0;
    this.#counts.set(account, count + 1);
    const place = count % BLOCK;
    const [unavailable, special, parity] = this.#block(account, Math.floor(count / BLOCK));
    const isBurst = (parity + Math.floor(count / BLOCK)) % 2 === 0;
    if (place === unavailable) return fault("before", unavailableEffect(provider));
    if (isBurst && place >= special && place < special + BURST) return fault("before", throttledEffect(provider));
    if (!isBurst && place === special) return fault("after", { destroy: true });
    return null;
  }

  /** Places within a block: the 503 in its first half, the rest in its second; the last number is the account's own. */
  #block(account: string, block: number): [number, number, number] {
    const hash = createHash("sha256").update(`${this.name}/${account}/${block}`).digest();
    const own = createHash("sha256").update(`${this.name}/${account}`).digest();
    const half = BLOCK / 2;
    return [hash.readUInt8(0) % half, half + (hash.readUInt8(1) % (half - BURST + 1)), own.readUInt8(0)];
  }
}

function fault(when: "before" | "after", effect: FaultEffect): Fault {
  return { id: PROFILE_FAULT_ID, match: {}, timesLeft: null, when, effect };
}

function unavailableEffect(provider: ProviderKind): FaultEffect {
  return { status: 503, body: errorBody(provider, 503, "backendError", "ServiceNotAvailable", "Service unavailable.") };
}

function throttledEffect(provider: ProviderKind): FaultEffect {
  const body = errorBody(provider, 429, "rateLimitExceeded", "ApplicationThrottled", "Application is over its limit.");
  return { status: 429, body, headers: { "retry-after": RETRY_AFTER_SECONDS } };
}

function errorBody(provider: ProviderKind, status: number, reason: string, code: string, message: string) {
  if (provider === "microsoft") return { error: { code, message } };
  const domain = status === 429 ? "usageLimits" : "global";
  return { error: { code: status, message, errors: [{ domain, reason, message }] } };
}
