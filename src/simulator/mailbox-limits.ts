/** How much one client application may ask of one mailbox, as Outlook limits it. */
export interface MailboxRule {
  /** Requests that may be under way at the same time. */
  concurrent: number;
  /** Requests in a sliding window of the simulator's clock. */
  requests: number;
  perSeconds: number;
}

export const USUAL_MAILBOX_RULE: Readonly<MailboxRule> = { concurrent: 4, requests: 10_000, perSeconds: 600 };

export interface MailboxRefusal {
  reason: "concurrency" | "requests";
  retryAfterSeconds: number;
}

interface Mailbox {
  underWay: number;
  /** Arrivals in the window, oldest first. */
  times: number[];
}

/** Counts the requests of each mailbox. Refused ones count for nothing. */
export class MailboxLimits {
  #rule: Readonly<MailboxRule> = USUAL_MAILBOX_RULE;
  readonly #mailboxes = new Map<string, Mailbox>();

  constructor(private readonly now: () => number) {}

  get rule(): Readonly<MailboxRule> {
    return this.#rule;
  }

  /** Null is what is usual. Requests under way stay counted. */
  set(rule: MailboxRule | null): void {
    this.#rule = rule ?? USUAL_MAILBOX_RULE;
    for (const mailbox of this.#mailboxes.values()) mailbox.times = [];
  }

  /** A request arrives: null lets it in, and `leave` has to be called when it is over. */
  enter(account: string): MailboxRefusal | null {
    const mailbox = this.#mailbox(account);
    const now = this.now();
    const windowMs = this.#rule.perSeconds * 1000;
    const oldest = mailbox.times.findIndex((time) => time > now - windowMs);
    mailbox.times.splice(0, oldest === -1 ? mailbox.times.length : oldest);
    if (mailbox.underWay >= this.#rule.concurrent) return { reason: "concurrency", retryAfterSeconds: 1 };
    if (mailbox.times.length >= this.#rule.requests) {
      const waitMs = (mailbox.times[0] ?? now) + windowMs - now;
      return { reason: "requests", retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
    }
    mailbox.underWay += 1;
    mailbox.times.push(now);
    return null;
  }

  leave(account: string): void {
    this.#mailbox(account).underWay -= 1;
  }

  #mailbox(account: string): Mailbox {
    const known = this.#mailboxes.get(account);
    if (known) return known;
    const made = { underWay: 0, times: [] };
    this.#mailboxes.set(account, made);
    return made;
  }
}
