import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { AppError } from "../errors.js";
import type { Actor } from "./actor.js";

/** A user has changed too much too fast. */
export class TooManyMutationsError extends AppError {
  constructor(
    /** Whole seconds until the window ends, at least 1. */
    readonly retryAfterSeconds: number,
    retryAt: Date,
  ) {
    super("RATE_LIMITED", "Too many mutations; wait until retryAt.", { retryAt: retryAt.toISOString() });
    this.name = "TooManyMutationsError";
  }
}

/**
 * How many mutations a user of a firm may ask of this process in a window, which begins with the first one. Other processes count
 * for themselves. Nothing is kept of a user whose window has ended.
 */
export class MutationLimit {
  readonly #limiter: RateLimiterMemory;

  constructor({ mutations, windowSeconds }: { mutations: number; windowSeconds: number }) {
    this.#limiter = new RateLimiterMemory({ points: mutations, duration: windowSeconds });
  }

  /**
   * Counts so many mutations, the refused ones too; the window ends no later for them.
   * @throws TooManyMutationsError (RATE_LIMITED, with retryAt by this process's clock) when they are more than are left
   */
  async consume({ firmId, userId }: Actor, mutations: number): Promise<void> {
    try {
      await this.#limiter.consume(`${firmId}:${userId}`, mutations);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const { msBeforeNext } = error;
      throw new TooManyMutationsError(Math.max(1, Math.ceil(msBeforeNext / 1000)), new Date(Date.now() + msBeforeNext));
    }
  }
}
