import type { PgBoss } from "pg-boss";
import type { Logger } from "pino";
import type { RetryPolicy } from "../attempts/retry-policy.js";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import { tryUnreadableAgain } from "../connections/credential-recovery.js";
import type { OutageLimits } from "../connections/outage-limits.js";
import type { Database } from "../database/orm.js";
import type { CalendarProvider, ProviderName } from "../providers/provider.js";
import { AccessTokens } from "./access-tokens.js";
import { ProviderMonitor } from "./provider-monitor.js";
import { ProviderTraffic } from "./provider-traffic.js";
import type { PullWindow } from "./pull-window.js";
import { PullIntervals } from "./pull-intervals.js";
import { createBoss, PgBossRunQueue } from "./queue.js";
import { RunWatcher } from "./run-watcher.js";
import { Scheduler } from "./scheduler.js";
import { Worker } from "./worker.js";

export interface SyncEngineOptions {
  /** On the application's login. */
  database: Database;
  /** On the system login. */
  systemDatabase: Database;
  appUrl: string;
  systemUrl: string;
  cipher: CredentialCipher;
  providers: ReadonlyMap<ProviderName, CalendarProvider>;
  policy: RetryPolicy;
  limits: OutageLimits;
  window: PullWindow;
  intervalSeconds: number;
  /** Planned pulls use at most half of it. */
  googleDailyRequests: number;
  workerConcurrency: number;
  /** That one attempt reads of a round. */
  mostPages: number;
  isWorker: boolean;
  isScheduler: boolean;
  log: Logger;
}

/** What this process does of the sync: it always sends runs and waits for them, and works on them or schedules them if told to. */
export class SyncEngine {
  readonly queue: PgBossRunQueue;

  private constructor(
    private readonly boss: PgBoss,
    private readonly watcher: RunWatcher,
    queue: PgBossRunQueue,
    private readonly parts: { worker: Worker | null; monitor: ProviderMonitor | null; scheduler: Scheduler | null },
  ) {
    this.queue = queue;
  }

  static async start(options: SyncEngineOptions): Promise<SyncEngine> {
    const { log } = options;
    const { em } = options.database;
    const { em: systemEm } = options.systemDatabase;
    const boss = createBoss(options.systemUrl, options.isWorker, log);
    const watcher = new RunWatcher(em, options.appUrl, log);
    const queue = new PgBossRunQueue(boss, watcher);
    const { limits } = options;
    const traffic = new ProviderTraffic(systemEm, limits, log);
    const engine = { policy: options.policy, queue, gate: traffic, limits };
    const tokens = new AccessTokens(em, options.cipher);
    const { providers, window, workerConcurrency: concurrency, mostPages } = options;
    const worker = options.isWorker
      ? new Worker({ em, systemEm, boss, engine, traffic, tokens, providers, window, concurrency, mostPages, log })
      : null;
    const monitor = options.isWorker ? new ProviderMonitor(systemEm, traffic, limits, log) : null;
    const scheduler = options.isScheduler
      ? new Scheduler(systemEm, boss, new PullIntervals(systemEm, options, log), log)
      : null;
    await boss.start();
    await watcher.start();
    await worker?.start();
    monitor?.start();
    if (scheduler) {
      const tried = await tryUnreadableAgain(systemEm);
      if (tried > 0) log.info({ connections: tried }, "scheduler: tokens that could not be read are tried again");
      scheduler.start();
    }
    return new SyncEngine(boss, watcher, queue, { worker, monitor, scheduler });
  }

  /** Who waits for a run is answered at once, with the run as it is. */
  async stopWaiting(): Promise<void> {
    await this.watcher.stop();
  }

  /** Schedules no more, gives the runs under way back to other workers, and ends. */
  async stop(): Promise<void> {
    const { worker, monitor, scheduler } = this.parts;
    await scheduler?.stop();
    await monitor?.stop();
    if (worker) await worker.stop();
    else await this.boss.stop({ graceful: false });
    await this.watcher.stop();
  }
}
