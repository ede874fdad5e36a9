import { setTimeout as delay } from "node:timers/promises";
import { fromKysely, type PgBoss } from "pg-boss";
import type { Logger } from "pino";
import { sweepConsents } from "../connect/sweep-consents.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import { syncQueue } from "../database/queue-schema.js";
import { failpoint } from "../failpoints.js";
import { sweepKeys } from "../idempotency/sweep-keys.js";
import type { JobPayload } from "./job-payload.js";
import type { PullIntervals } from "./pull-intervals.js";
import { jobGroup, priorities } from "./queue.js";
import { dueBatchSize, takeDue, type ScheduledRun } from "./take-due.js";

const tickMs = 1000;

/**
 * Makes the pulls that are due, over all firms, on the system login, and sweeps expired idempotency keys and consents. Any number of schedulers
 * may run: each takes the connections that no other has in hand.
 */
export class Scheduler {
  private readonly stopping = new AbortController();
  private ticking: Promise<void> = Promise.resolve();

  constructor(
    private readonly systemEm: EntityManager,
    private readonly boss: PgBoss,
    private readonly intervals: PullIntervals,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.ticking = this.tickUntilStopped();
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ticking;
  }

  private async tickUntilStopped(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const wasFull = await this.tick();
      if (!wasFull) await delay(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Returns whether there may be more to do at once. */
  private async tick(): Promise<boolean> {
    try {
      await this.intervals.refresh();
      const { due, runs } = await this.scheduleDue();
      if (runs > 0) await failpoint("schedule.committed");
      if (due > 0) this.log.info({ connections: due, runs }, `scheduler: ${due} connections due, ${runs} pulls queued`);
      const swept = [await sweepKeys(this.systemEm, dueBatchSize), await sweepConsents(this.systemEm, dueBatchSize)];
      return due === dueBatchSize || swept.includes(dueBatchSize);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) this.log.error({ err: error }, "scheduler: a tick failed");
      else this.log.warn("scheduler: the database did not answer, trying again");
      return false;
    }
  }

  /** Runs and their jobs in one transaction. */
  private scheduleDue(): Promise<{ due: number; runs: number }> {
    return this.systemEm.fork().transactional(async (em) => {
      const due = await takeDue(em, this.intervals);
      const runs = due.filter((one): one is ScheduledRun => one.job_id !== null);
      if (runs.length > 0) await failpoint("schedule.taken");
      await this.boss.insert(
        syncQueue,
        runs.map((run) => ({
          id: run.job_id,
          data: { firmId: run.firm_id, runId: run.id } satisfies JobPayload,
          priority: priorities.scheduled,
          group: jobGroup(run.firm_id, { provider: run.provider, accountEmail: run.account_email }),
        })),
        { db: fromKysely(em.getKysely()) },
      );
      if (runs.length > 0) await failpoint("schedule.queued");
      return { due: due.length, runs: runs.length };
    });
  }
}
