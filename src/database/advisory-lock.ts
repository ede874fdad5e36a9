import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";

/** Session-level advisory locks of a database: PostgreSQL drops them with the session, however its process dies. */
export type AdvisoryLock = readonly [number, number];

const application = 734_001; // ours, whatever else locks in this database

export const migrationLock: AdvisoryLock = [application, 1];
export const ownershipLock: AdvisoryLock = [application, 2];
export const maintenanceLock: AdvisoryLock = [application, 3];

const pollMs = 50;

/** Takes the lock for the client's session if it is free. */
export async function tryAdvisoryLock(client: pg.Client, lock: AdvisoryLock): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1, $2) as taken", [...lock]);
  return rows[0]?.taken ?? false;
}

/**
 * Waits for the lock without end. It asks again and again instead of waiting inside PostgreSQL: a waiting statement holds a
 * snapshot, and an index that the lock's holder builds concurrently would wait for that.
 */
export async function advisoryLock(client: pg.Client, lock: AdvisoryLock, onWait: () => void): Promise<void> {
  for (let attempt = 1; !(await tryAdvisoryLock(client, lock)); attempt++) {
    if (attempt === 1) onWait();
    await delay(pollMs);
  }
}
