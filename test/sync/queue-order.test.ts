import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { openDatabase } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { createBoss, PgBossRunQueue } from "../../src/sync/queue.js";
import { RunWatcher } from "../../src/sync/run-watcher.js";
import { TestApp, until } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { seen } from "../support/manager.js";

/** One worker that works on one run at a time, and retries that are due as soon as they are made. */
let app: TestApp;
let worker: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api,scheduler" } });
  worker = await TestApp.start({
    installation: app.installation,
    environment: { ROLES: "worker", WORKER_CONCURRENCY: "1", MAX_DELAY_SECONDS: "0.05" },
  });
});

afterAll(async () => {
  await worker.stop();
  await app.stop();
});

async function resync(connectionId: string): Promise<void> {
  await app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { message } }", {
    id: connectionId,
  });
}

/** Sends a run as what makes such runs does. */
async function send(connectionId: string, columns: Record<string, unknown>): Promise<void> {
  const { database } = app.installation;
  const run = { firm_id: "1", connection_id: connectionId, ...columns };
  const [row] = await app.sql<{ id: string }>(
    `insert into sync_run (${Object.keys(run).join()}) values (${Object.keys(run)
      .map((_, index) => `$${index + 1}`)
      .join()}) returning id`,
    Object.values(run),
  );
  const log = pino({ level: "silent" });
  const application = await openDatabase(database.appUrl, 1);
  const boss = createBoss(database.systemUrl, false, log);
  await boss.start();
  const queue = new PgBossRunQueue(boss, new RunWatcher(application.em, database.appUrl, log));
  await unitOfWork(application.em, "1", async (unit) => {
    await queue.send(unit, await unit.em.findOneOrFail(SyncRun, { firmId: "1", id: String(row?.id) }), null);
  });
  await boss.stop({ graceful: false });
  await application.close();
}

async function attemptsAfter(attemptId: string): Promise<{ account: string; retry_count: number }[]> {
  return app.sql(
    `select account_email as account, a.retry_count from sync_attempt a join calendar_connection c on c.id = a.connection_id
     where a.id > $1 order by a.id`,
    [attemptId],
  );
}

async function newestAttempt(connectionId: string): Promise<string | null> {
  const [row] = await app.sql<{ id: string | null }>(
    "select max(id) as id from sync_attempt where connection_id = $1",
    [connectionId],
  );
  return row?.id ?? null;
}

async function retryIsDue(connectionId: string): Promise<boolean> {
  const due = await app.sql(
    `select from sync_run r join pgboss.job j on j.id = r.job_id
     where r.connection_id = $1 and r.status = 'RETRYING' and j.state = 'created' and j.start_after <= now()`,
    [connectionId],
  );
  return due.length === 1;
}

const unavailable = (account: string) => ({ match: { account, pathRegex: "/events" }, then: { status: 503 } });

test("what a worker has left goes first, then what a person waits for, then notifications, pushes, retries (also a manager's), and what is scheduled", async () => {
  const { control } = app.simulator;
  const ids: Record<string, string> = {};
  for (const name of ["scheduled", "retried", "pushed", "notified", "connected", "replayed", "asked", "left", "slow"])
    ids[name] = await app.connect(name);
  const of = (name: string): string => String(ids[name]);
  addEvent(app.simulator, "pushed", "Review");
  await app.pull(of("pushed"));
  const [appointment] = await app.sql<{ id: string }>("select id from appointment");

  control.addFault({ ...unavailable("replayed"), times: 6 });
  await app.pull(of("replayed"));
  const [failed] = (await seen(app, of("replayed"), { includeExhausted: true })).failedAttempts.nodes;

  control.addFault(unavailable("retried"));
  control.addFault({ match: { account: "slow" }, then: { delayMs: 8000 } });
  await resync(of("retried"));
  await resync(of("slow"));
  await until(async () => (await newestAttempt(of("slow"))) !== null && (await retryIsDue(of("retried"))));
  const slow = String(await newestAttempt(of("slow")));

  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [of("scheduled")]);
  await until(
    async () => (await app.sql("select from sync_run where connection_id = $1", [of("scheduled")])).length > 0,
  );
  const pull = { operation: "LIST_CHANGES", direction: "PULL" };
  await send(of("pushed"), {
    operation: "UPSERT",
    direction: "PUSH",
    trigger: "LOCAL_CHANGE",
    appointment_id: appointment?.id,
  });
  await send(of("notified"), { ...pull, trigger: "NOTIFICATION" });
  await send(of("left"), { ...pull, trigger: "SCHEDULE" });
  await app.sql("update pgboss.job set state = 'retry' where created_on = (select max(created_on) from pgboss.job)");
  await send(of("connected"), { ...pull, trigger: "CONNECT" });
  await app.manager("mutation ($id: ID!) { replayAttempt(attemptId: $id, waitSeconds: 0) { message } }", {
    id: failed?.id,
  });
  await resync(of("asked"));

  await until(async () => (await attemptsAfter(slow)).length >= 8);
  const started = (await attemptsAfter(slow)).map(({ account }) => account);
  expect(started).toEqual(["left", "connected", "replayed", "asked", "notified", "pushed", "retried", "scheduled"]);
});
