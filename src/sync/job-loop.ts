import { setTimeout as delay } from "node:timers/promises";
import type { PgBoss } from "pg-boss";
import type { Logger } from "pino";
import { z } from "zod";
import { isDatabaseUnavailable } from "../database/availability.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import type { ClaimedJob } from "./claim-jobs.js";
import type { JobDatabase } from "./preparing-database.js";
import { Wake } from "./wake.js";

export interface JobLoopParts {
  boss: PgBoss;
  /** Where the end of each job is stored. */
  jobs: JobDatabase;
  /** Up to so many jobs; none where none may start now. */
  claim: (most: number) => Promise<ClaimedJob[]>;
  /** The signal tells that the job is no longer this process's. */
  work: (job: ClaimedJob, signal: AbortSignal) => Promise<void>;
  /** Jobs under way at once. */
  concurrency: number;
  log: Logger;
}

interface Listening {
  close(): Promise<void>;
}

interface JobUnderWay {
  job: ClaimedJob;
  claim: AbortController;
  ended: Promise<void>;
}

/** Less than half of the queue's heartbeat. */
const heartbeatMs = 4_000;
/** Due retries and the jobs of lost workers are not notified, so they are found by looking. */
const pollMs = 1_000;

/** Claims jobs while this process has a place free, and keeps the claims alive until their work has ended. */
export class JobLoop {
  private readonly underWay = new Map<string, JobUnderWay>();
  private readonly wake = new Wake();
  private isStopping = false;
  private looping: Promise<void> = Promise.resolve();
  private heartbeat: NodeJS.Timeout | undefined;
  private listening: Listening | undefined;

  constructor(private readonly parts: JobLoopParts) {}

  /** The boss has been started. */
  async start(): Promise<void> {
    this.listening = await listenForJobs(this.parts.boss, () => {
      this.wake.now();
    });
    this.heartbeat = setInterval(() => void this.keepClaims(), heartbeatMs);
    this.looping = this.loop();
  }

  /** Claims no more. Work that has not ended by then is given back to the queue and told that it is no longer ours. */
  async stop(timeoutMs: number): Promise<void> {
    this.isStopping = true;
    this.wake.now();
    await this.listening?.close();
    await this.looping;
    const inTime = new AbortController();
    const allEnded = Promise.all([...this.underWay.values()].map(({ ended }) => ended));
    await Promise.race([allEnded, delay(timeoutMs, undefined, { signal: inTime.signal }).catch(() => undefined)]);
    inTime.abort();
    clearInterval(this.heartbeat);
    await this.giveBackAll();
  }

  private async loop(): Promise<void> {
    while (!this.isStopping) {
      const places = this.parts.concurrency - this.underWay.size;
      const jobs = places > 0 ? await this.claim(places) : [];
      for (const job of jobs) this.begin(job);
      if (jobs.length === 0) await this.wake.orAfter(pollMs);
    }
  }

  private async claim(most: number): Promise<ClaimedJob[]> {
    try {
      return await this.parts.claim(most);
    } catch (error) {
      const { log } = this.parts;
      if (isDatabaseUnavailable(error)) log.warn("worker: the database did not answer, trying again");
      else log.error({ err: error }, "worker: no job could be claimed");
      return [];
    }
  }

  private begin(job: ClaimedJob): void {
    const claim = new AbortController();
    const ended = this.workOn(job, claim.signal).finally(() => {
      this.underWay.delete(job.id);
      this.wake.now();
    });
    this.underWay.set(job.id, { job, claim, ended });
  }

  /** Never rejects: a job that could not be settled comes back when its heartbeat has stopped. */
  private async workOn(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const { boss, work, log } = this.parts;
    try {
      await work(job, signal).then(
        () => boss.complete(syncQueue, job, null, { db: this.parts.jobs }),
        (error: unknown) => {
          log.warn({ reason: error instanceof Error ? error.name : "unknown" }, "worker: a job is given back");
          return boss.fail(syncQueue, job);
        },
      );
    } catch {
      log.warn("worker: the database did not answer at the end of a job");
    }
  }

  /** A claim that the database no longer knows as ours is aborted. */
  private async keepClaims(): Promise<void> {
    const jobs = [...this.underWay.values()];
    if (jobs.length === 0) return;
    try {
      const answer = await this.parts.boss.touch(
        syncQueue,
        jobs.map(({ job }) => job),
      );
      const kept = new Set(touched.parse(answer).settled);
      for (const { job, claim } of jobs) if (!kept.has(job.id)) claim.abort();
    } catch {
      this.parts.log.warn("worker: the database did not answer a heartbeat, trying again");
    }
  }

  private async giveBackAll(): Promise<void> {
    const jobs = [...this.underWay.values()];
    if (jobs.length === 0) return;
    await this.parts.boss
      .fail(
        syncQueue,
        jobs.map(({ job }) => job),
      )
      .catch(() => undefined);
    for (const { claim } of jobs) claim.abort();
  }
}

/** The ids whose claim is still ours, which pg-boss gives but does not declare. */
const touched = z.object({ settled: z.array(z.string()) });

/** pg-boss tells the name of a queue at the commit that has put a job into it. */
async function listenForJobs(boss: PgBoss, onJob: () => void): Promise<Listening | undefined> {
  const db = boss.getDb();
  const { rows } = await db.executeSql(
    `select 'pgboss_' || left(encode(sha224('${queueSchema}'::bytea), 'hex'), 24) as channel`,
  );
  const [{ channel }] = channelRows.parse(rows);
  return db.listen?.(channel, onJob, onJob);
}

const channelRows = z.tuple([z.object({ channel: z.string() })]);
