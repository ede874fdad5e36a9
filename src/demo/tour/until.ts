import { setTimeout as delay } from "node:timers/promises";

const lookEveryMs = 250;

/** Looks again and again until `find` finds something, and returns it; null when it is not there after `seconds`. */
export async function until<T>(find: () => Promise<T | null>, seconds: number): Promise<T | null> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await find();
    if (found !== null || performance.now() > deadline) return found;
    await delay(lookEveryMs);
  }
}
