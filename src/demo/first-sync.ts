import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "../database/orm.js";
import { areFirstPullsOver, startFirstPulls } from "./first-pulls.js";

const lookEveryMs = 250;

/**
 * Starts the first pulls, that of `firstAccount` before the others, so that the first appointment is one of its. Resolves when every
 * connection has synced or failed for the first time. @throws AbortError when stopped before
 */
export async function firstSync(em: EntityManager, firstAccount: string, signal: AbortSignal): Promise<void> {
  for (const account of [firstAccount, null]) {
    await startFirstPulls(em, account);
    while (!(await areFirstPullsOver(em, account))) await delay(lookEveryMs, undefined, { signal });
  }
}
