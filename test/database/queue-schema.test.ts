import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { PgBoss, type ConstructorOptions, type JobWithMetadata } from "pg-boss";
import { queueSchema, syncQueue, syncQueueOptions } from "../../src/database/queue-schema.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { runTypeScript } from "../support/typescript-process.js";

const working = { batchSize: 1, localConcurrency: 2, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 };

let database: TestDatabase;
let app: pg.Client;
let complaints: unknown[];

beforeEach(async () => {
  database = await createTestDatabase();
  complaints = [];
  app = new pg.Client(database.appUrl);
  await app.connect();
});

afterEach(async () => {
  await app.end();
  await database.drop();
});

/** pg-boss as the system login runs it, with every interval as short as it gets, so that each of its statements is run. */
async function startBoss(options: ConstructorOptions = {}): Promise<PgBoss> {
  const boss = new PgBoss({
    ...{ connectionString: database.systemUrl, schema: queueSchema, max: 3 },
    ...{ migrate: false, createSchema: false, schedule: false, supervise: true, useListenNotify: true, reindex: false },
    ...{
      superviseIntervalSeconds: 1,
      monitorIntervalSeconds: 1,
      maintenanceIntervalSeconds: 1,
      queueCacheIntervalSeconds: 1,
    },
    ...{ flowIntervalSeconds: 1, reindexIntervalSeconds: 1, instanceHeartbeatSeconds: 1 },
    ...options,
  });
  boss.on("error", (error) => complaints.push(error));
  boss.on("warning", (warning) => complaints.push(warning));
  return boss.start();
}

const inTransaction = { executeSql: (text: string, values?: unknown[]) => app.query(text, values) };

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function asOwner<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
  const client = new pg.Client(database.ownerUrl);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("the queue", () => {
  test("works jobs that the application sends in its transaction, once that is committed", async () => {
    const boss = await startBoss();
    const worked: unknown[] = [];
    await boss.work(syncQueue, working, ([job]) => {
      worked.push(job?.data);
      return Promise.resolve();
    });
    await app.query("begin");
    await boss.send(syncQueue, { run: "rolled back" }, { db: inTransaction });
    await app.query("rollback");
    await app.query("begin");
    await boss.send(syncQueue, { run: "committed" }, { db: inTransaction });
    expect(worked).toEqual([]);
    await app.query("commit");
    await until(() => worked.length > 0);
    expect(worked).toEqual([{ run: "committed" }]);
    await boss.stop();
    expect(complaints).toEqual([]);
  });

  test("repeats failed jobs, supervises, counts and forgets without a right that it lacks", async () => {
    await asOwner(`update pgboss.queue set deletion_seconds = 1`);
    const boss = await startBoss();
    const counts: number[] = [];
    await boss.work(syncQueue, { ...working, includeMetadata: true }, ([job]: JobWithMetadata[]) => {
      counts.push(job?.retryCount ?? -1);
      if (counts.length < 3) throw new Error("again");
      return Promise.resolve();
    });
    await boss.send(syncQueue, {});
    await until(() => counts.length === 3);
    expect(counts).toEqual([0, 1, 2]);
    const isForgotten = async () =>
      (await asOwner<{ jobs: string }>("select count(*) as jobs from pgboss.job"))[0]?.jobs === "0";
    await until(isForgotten);
    await until(async () => (await asOwner("select from pgboss.version where flow_on is not null")).length === 1);
    expect(await boss.getQueueStats(syncQueue)).toBeDefined();
    await boss.stop();
    expect(complaints).toEqual([]);
  });

  test("takes back the jobs of a worker that stops before they are done", async () => {
    const boss = await startBoss();
    const started = Promise.withResolvers<AbortSignal>();
    await boss.work(syncQueue, working, async ([job]) => {
      if (job !== undefined) started.resolve(job.signal);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
    });
    await boss.send(syncQueue, {});
    const signal = await started.promise;
    await boss.stop({ graceful: true, timeout: 1_000 });
    expect(signal.aborted).toBe(true);
    expect(await asOwner("select state from pgboss.job")).toEqual([{ state: "retry" }]);
    expect(complaints).toEqual([]);
  });

  test("runs the job of a killed worker again", async () => {
    const boss = await startBoss();
    const worker = runTypeScript(new URL("work-queue.ts", import.meta.url), [database.systemUrl]);
    await boss.send(syncQueue, {});
    expect(await worker.nextLine()).toBe("working");
    worker.child.kill("SIGKILL");
    const retryCount = Promise.withResolvers<number>();
    await boss.work(syncQueue, { ...working, includeMetadata: true }, ([job]: JobWithMetadata[]) => {
      retryCount.resolve(job?.retryCount ?? -1);
      return Promise.resolve();
    });
    expect(await retryCount.promise).toBe(1);
    await boss.stop();
    expect(complaints).toEqual([]);
  });

  test("shows the application's login no job and lets it change none", async () => {
    for (const sql of [
      "select data from pgboss.job_common",
      "select data from pgboss.job",
      "update pgboss.job_common set state = 'cancelled'",
      "delete from pgboss.job_common",
      "delete from pgboss.queue",
      "update pgboss.version set version = 1",
    ]) {
      await expect(app.query(sql)).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("never gives a job up before its run does", async () => {
    const boss = await startBoss();
    expect(await boss.getQueue(syncQueue)).toMatchObject(syncQueueOptions);
    await boss.stop();
  });
});
