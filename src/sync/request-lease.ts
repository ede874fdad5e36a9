import { setTimeout as delay } from "node:timers/promises";
import { providerErrorCodes } from "../providers/error-codes.js";
import { ProviderFailure, type CalendarProvider } from "../providers/provider.js";
import { mailboxKey } from "./mailbox-key.js";
import type { CountedQuota, RequestQuotas } from "./request-quotas.js";

/** The first request alone, since most attempts make only one; a long pull does not ask the database for each. */
const firstLease = 1;
const furtherLease = 10;

/** What is left sooner is waited for within the attempt. */
const longestWaitSeconds = 1.5;

/** The requests that one attempt may make, leased a few at a time from its provider's quotas. */
export class RequestLease {
  private left = 0;
  private size = firstLease;
  private readonly quotas: readonly CountedQuota[];

  constructor(
    private readonly shared: RequestQuotas,
    provider: CalendarProvider,
    accountEmail: string,
  ) {
    const mailbox = mailboxKey({ provider: provider.name, accountEmail });
    this.quotas = provider.quotas.map((quota) => ({
      ...quota,
      key: `${provider.name}:${quota.scope === "MAILBOX" ? mailbox : "*"}:${quota.windowSeconds}`,
    }));
  }

  /**
   * Resolves when one more request may be sent.
   * @throws ProviderFailure RATE_LIMITED, with the time to wait, where that is longer than an attempt waits
   */
  async admit(signal: AbortSignal): Promise<void> {
    if (this.left === 0) this.left = await this.lease(signal);
    this.left -= 1;
  }

  /** What was leased and not asked is there for others; where the database does not answer, it is when the window has passed. */
  async end(): Promise<void> {
    const { left } = this;
    this.left = 0;
    const keys = this.quotas.map(({ key }) => key);
    await this.shared.giveBack(keys, left).catch(() => undefined);
  }

  private async lease(signal: AbortSignal): Promise<number> {
    const { size } = this;
    this.size = furtherLease;
    if (await this.shared.lease(this.quotas, size)) return size;
    let waited = 0;
    while (!(await this.shared.lease(this.quotas, 1))) {
      const seconds = Math.max(0.05, await this.shared.secondsUntilOneIsLeft(this.quotas));
      if (waited + seconds > longestWaitSeconds) throw quotaUsedUp(seconds);
      await delay(seconds * 1000, undefined, { signal });
      waited += seconds;
    }
    return 1;
  }
}

function quotaUsedUp(seconds: number): ProviderFailure {
  const { errorClass } = providerErrorCodes.RATE_LIMITED;
  return new ProviderFailure("As many requests as the provider allows have been sent; it is asked again later.", {
    errorClass,
    errorCode: "RATE_LIMITED",
    action: { kind: "FAIL" },
    retryAfterSeconds: Math.ceil(seconds),
    providerStatus: null,
    providerRequestId: null,
  });
}
