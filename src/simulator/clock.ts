/** The simulator's own time: real time plus an offset that only grows, so that tests may step over token lives and windows. */
export class VirtualClock {
  #offsetMs = 0;
  readonly #base: () => number;

  /** `base` gives milliseconds since 1970; a constant one freezes the clock between calls of `advance`. */
  constructor(base: () => number = Date.now) {
    this.#base = base;
  }

  now(): number {
    return this.#base() + this.#offsetMs;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  advance(milliseconds: number): void {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) throw new RangeError("The clock only goes forward");
    this.#offsetMs += milliseconds;
  }

  /** Sets the whole offset: used when a stored state is loaded and at a reset. */
  restore(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }
}
