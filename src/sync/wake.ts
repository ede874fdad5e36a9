import { setTimeout as delay } from "node:timers/promises";

/** Lets one waiter sleep until it is woken. A wake-up while nobody sleeps is kept for who comes next. */
export class Wake {
  private isDue = false;
  private sleeping: AbortController | null = null;

  now(): void {
    this.isDue = true;
    this.sleeping?.abort();
  }

  /** Resolves when woken, or after `milliseconds`. */
  async orAfter(milliseconds: number): Promise<void> {
    if (!this.isDue) {
      this.sleeping = new AbortController();
      await delay(milliseconds, undefined, { signal: this.sleeping.signal }).catch(() => undefined);
      this.sleeping = null;
    }
    this.isDue = false;
  }
}
