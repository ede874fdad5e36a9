/** A limit on requests to a provider's API, per account, over a sliding window of the simulator's clock. */
export interface ThrottleRule {
  /** Requests allowed in the window. */
  requests: number;
  perSeconds: number;
  /** 403 or 429 for Google; Retry-After is sent unless `isWithoutRetryAfter`. */
  status: 403 | 429;
  /** Only this account; all where undefined, each with its own count. */
  account?: string | undefined;
  isWithoutRetryAfter?: boolean | undefined;
}

export interface Throttled {
  status: 403 | 429;
  retryAfterSeconds: number | null;
}

export class Throttle {
  #rule: ThrottleRule | null = null;
  #times = new Map<string, number[]>();

  constructor(private readonly now: () => number) {}

  get rule(): ThrottleRule | null {
    return this.#rule;
  }

  set(rule: ThrottleRule | null): void {
    this.#rule = rule;
    this.#times = new Map();
  }

  /** Counts a request of an account and says whether it is over the limit. Refused requests are not counted. */
  check(account: string): Throttled | null {
    const rule = this.#rule;
    if (!rule || (rule.account ?? account) !== account) return null;
    const now = this.now();
    const windowMs = rule.perSeconds * 1000;
    const recent = (this.#times.get(account) ?? []).filter((time) => time > now - windowMs);
    this.#times.set(account, recent);
    if (recent.length < rule.requests) {
      recent.push(now);
      return null;
    }
    const waitMs = (recent[0] ?? now) + windowMs - now;
    return {
      status: rule.status,
      retryAfterSeconds: rule.isWithoutRetryAfter ? null : Math.max(1, Math.ceil(waitMs / 1000)),
    };
  }
}
