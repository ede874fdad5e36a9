import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import type { Logger } from "pino";
import { maintenanceLock, tryAdvisoryLock } from "../database/advisory-lock.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import { connectWhenReady } from "../database/wait-for-database.js";
import { maintain } from "./maintain.js";
import type { Retention } from "./retention.js";

export interface ScheduledMaintenanceOptions {
  /** On the system login. */
  systemEm: EntityManager;
  /** Null: this process has no login that may change tables. */
  ownerUrl: string | null;
  retention: Retention;
  log: Logger;
}

const lookEveryMs = 60_000;

/**
 * Maintains the database of a scheduler once an hour, by the database's clock, whichever of several processes comes first. A maintenance that
 * fails is logged, and tried again a minute later.
 */
export class ScheduledMaintenance {
  private readonly stopping = new AbortController();
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly options: ScheduledMaintenanceOptions) {}

  start(): void {
    const { ownerUrl, log } = this.options;
    if (ownerUrl === null) {
      log.info(
        "scheduler: without DATABASE_OWNER_URL the database is maintained by npm run maintain alone: run it daily",
      );
      return;
    }
    this.looking = this.lookUntilStopped(ownerUrl);
  }

  /** Resolves when the step under way has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async lookUntilStopped(ownerUrl: string): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.look(ownerUrl);
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(ownerUrl: string): Promise<void> {
    const { log } = this.options;
    try {
      if (await this.isDue()) await this.maintainAlone(ownerUrl);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) log.error({ err: error }, "scheduler: maintaining the database failed");
      else log.warn("scheduler: the database did not answer, it is maintained later");
    }
  }

  private async isDue(): Promise<boolean> {
    const { rows } = await sql<{ is_due: boolean }>`
      select coalesce(finished_at < now() - interval '1 hour', true) as is_due from across_firms.maintenance
    `.execute(this.options.systemEm.fork().getKysely());
    return rows[0]?.is_due ?? false;
  }

  private async maintainAlone(ownerUrl: string): Promise<void> {
    const { retention, log } = this.options;
    const owner = await connectWhenReady(ownerUrl, { log, waitSeconds: 5 });
    try {
      // Another process may have done it since this one looked.
      if (!(await tryAdvisoryLock(owner, maintenanceLock)) || !(await this.isDue())) return;
      const onStep = (step: object) => {
        log.info(step, "scheduler: database maintained");
      };
      await maintain(owner, { retention, onStep, signal: this.stopping.signal });
    } finally {
      await owner.end().catch(() => undefined); // which also drops the lock
    }
  }
}
