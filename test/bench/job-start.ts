import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import { pino } from "pino";
import { queueFullRound } from "../../src/attempts/queue-full-round.js";
import { openDatabase } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { createBoss, PgBossRunQueue } from "../../src/sync/queue.js";
import { RunWatcher } from "../../src/sync/run-watcher.js";
import { startTestCluster } from "../support/test-cluster.js";
import { LargeSync } from "../sync/large-sync.js";
import { median, type Bench } from "./measurement.js";

const calendar = { account: "small@example.com", provider: "google", events: 1 } as const;
const mostMs = 15;
/** Until the worker has nothing more to do for the job before. */
const restMs = 100;

/** From the commit that has put a job into the queue to the start of its attempt, in a worker process that has nothing else to do. */
export const jobStartBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  const sync = await LargeSync.start([calendar]);
  const { appUrl, systemUrl } = sync.app.installation.database;
  const database = await openDatabase(appUrl, 1);
  const log = pino({ level: "silent" });
  const boss = createBoss(systemUrl, false, log);
  try {
    await boss.start();
    const queue = new PgBossRunQueue(boss, new RunWatcher(database.em, appUrl, log));
    const connectionId = await sync.connect(calendar);
    const worker = await sync.startWorker();
    const waits: number[] = [];
    for (let sample = 0; sample < (isQuick ? 30 : 200); sample += 1) {
      const { runId, committedAt } = await unitOfWork(database.em, "1", async (unit) => {
        const asked = { connectionId, trigger: "CONNECT", requestedById: null, reason: null } as const;
        const run = await queueFullRound(unit, queue, asked);
        await unit.em.flush();
        // The last statement before the commit.
        const { rows } = await sql<{ now: string }>`select clock_timestamp()::text as now`.execute(unit.em.getKysely());
        return { runId: run.id, committedAt: String(rows[0]?.now) };
      });
      waits.push(await startedAfter(sync, runId, committedAt));
      await delay(restMs);
    }
    await worker.stop();
    const p50 = median(waits);
    const p95 = waits.toSorted((one, other) => one - other)[Math.floor(0.95 * waits.length)] ?? NaN;
    tell(
      `${waits.length} jobs: ${Math.min(...waits).toFixed(1)} ms at least, median ${p50.toFixed(1)} ms, 95 % within ${p95.toFixed(1)} ms`,
    );
    return [
      {
        what: "commit of a job to the start of its run, idle, median",
        ...{ target: `≤ ${mostMs} ms`, measured: `${p50.toFixed(1)} ms`, isMet: p50 <= mostMs },
        profile: "the notification, a look at the queue, the claim under its lock, and the start's own transaction",
      },
    ];
  } finally {
    await boss.stop({ graceful: false });
    await database.close();
    await sync.stop();
    await stopCluster();
  }
};

/** Milliseconds by the database's clock, once the run has ended. */
async function startedAfter({ app }: LargeSync, runId: string, committedAt: string): Promise<number> {
  for (;;) {
    const [started] = await app.sql<{ ms: number }>(
      `select extract(epoch from a.started_at - $2::timestamptz)::float8 * 1000 as ms
       from sync_attempt a join sync_run r on r.firm_id = a.firm_id and r.id = a.run_id
       where a.run_id = $1 and r.status = 'SUCCEEDED'`,
      [runId, committedAt],
    );
    if (started) return started.ms;
    await delay(20);
  }
}
