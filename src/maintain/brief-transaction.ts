import type pg from "pg";
import pRetry from "p-retry";
import { errorCode } from "../database/error-code.js";

/** Others queue behind a lock that is waited for: so long at most. */
const lockTimeout = "500ms";
/** A table that is busy for that many tries is left to the next time. */
const tries = 40;

const lockNotAvailable = "55P03";
const deadlockDetected = "40P01";

/**
 * Runs `work` in a transaction that gives up a lock which it does not get within half a second, and begins again after a pause, so that a busy
 * server is never held up for long. @throws pg.DatabaseError when no try has succeeded
 */
export async function briefTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  return pRetry(() => transaction(client, work), {
    retries: tries - 1,
    minTimeout: 100,
    maxTimeout: 2_000,
    randomize: true,
    shouldRetry: ({ error }) => [lockNotAvailable, deadlockDetected].includes(errorCode(error)),
  });
}

async function transaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    await client.query(`set local lock_timeout = '${lockTimeout}'`);
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined); // the first error tells more
    throw error;
  }
}
