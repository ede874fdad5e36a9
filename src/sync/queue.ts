import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { PgBoss } from "pg-boss";
import type { RunQueue } from "../attempts/run-queue.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { originOfJob } from "../tracing/scope.js";
import type { JobPayload } from "./job-payload.js";
import { mailboxKey, type Mailbox } from "./mailbox-key.js";
import { preparingDatabase } from "./preparing-database.js";
import type { RunWatcher } from "./run-watcher.js";

/** What a lost or stopping worker has left goes on at once; then what a person waits for; what has been tried goes after what has not. */
export const priorities = { left: 50, manual: 40, notification: 30, push: 20, retry: 10, scheduled: 0 } as const;

/** A pg-boss on the system login; `isWorking` where this process takes jobs, not only sends them. */
export function createBoss(systemUrl: string, isWorking: boolean, log: Logger): PgBoss {
  const boss = new PgBoss({
    connectionString: systemUrl,
    schema: queueSchema,
    application_name: "calendar-sync-queue",
    migrate: false,
    createSchema: false,
    schedule: false,
    supervise: isWorking,
    reindex: false, // needs the owner
    // A lost worker is noticed after its 10 s heartbeat plus this.
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    queueCacheIntervalSeconds: 1,
    maintenanceIntervalSeconds: 60,
    max: 4,
  });
  boss.on("error", (error) => {
    log.warn({ reason: error.name }, "queue: the database did not answer");
  });
  boss.on("warning", (warning) => {
    log.warn({ warning: warning.message }, "queue: warning");
  });
  return boss;
}

/** Runs are worked from a pg-boss queue whose jobs are sent in the transaction of the deed. */
export class PgBossRunQueue implements RunQueue {
  constructor(
    private readonly boss: PgBoss,
    private readonly watcher: RunWatcher,
  ) {}

  async send(unit: UnitOfWork, run: SyncRun, startAfter: Date | null): Promise<void> {
    const jobId = randomUUID();
    const delaySeconds = startAfter ? Math.max(0, (startAfter.getTime() - unit.now.getTime()) / 1000) : 0;
    await this.boss.send(
      syncQueue,
      { firmId: unit.firmId, runId: run.id, ...(originOfJob(run.id) ?? run.origin) } satisfies JobPayload,
      {
        id: jobId,
        priority: priorityOf(run),
        group: jobGroup(unit.firmId, await mailboxOf(unit, run)),
        // Relative, by the database's clock. A job without it is told to the workers at commit.
        ...(delaySeconds > 0 ? { startAfter: delaySeconds } : {}),
        db: preparingDatabase(unit.em),
      },
    );
    run.jobId = jobId;
    run.origin = null;
  }

  waitBehind(run: SyncRun): void {
    run.jobId = null;
    run.origin = originOfJob(run.id) ?? run.origin;
  }

  settled(firmId: string, runId: string, waitSeconds: number): Promise<void> {
    return this.watcher.settled(firmId, runId, waitSeconds);
  }
}

/** What limits the jobs under way at once: their mailbox as the group, their firm as its tier (see claim-jobs.ts). */
export function jobGroup(firmId: string, mailbox: Mailbox): { id: string; tier: string } {
  return { id: mailboxKey(mailbox), tier: firmId };
}

/** Who sends a run has mostly locked its connection. */
async function mailboxOf(unit: UnitOfWork, run: SyncRun): Promise<Mailbox> {
  const loaded = unit.em.getUnitOfWork().getById(CalendarConnection, run.connectionId);
  if (loaded) return loaded;
  return unit.em.findOneOrFail(CalendarConnection, { firmId: unit.firmId, id: run.connectionId });
}

/** A replay is manual whatever made its run, and an automatic retry is a retry even where a manager made it. */
function priorityOf(run: SyncRun): number {
  if (run.status === "RETRYING" && run.retryCount > 0) return priorities.retry;
  // A run that has just been made does not have the property yet.
  if (run.trigger === "MANUAL" || run.trigger === "CONNECT" || run.replayOfId != null) return priorities.manual;
  if (run.retryCount > 0) return priorities.retry;
  if (run.direction === "PUSH") return priorities.push;
  return run.trigger === "NOTIFICATION" ? priorities.notification : priorities.scheduled;
}
