import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import type { Engine } from "../../src/attempts/close-attempt.js";
import { queueFullRound } from "../../src/attempts/queue-full-round.js";
import { startAttempt, type StartedAttempt } from "../../src/attempts/start-attempt.js";
import { outageLimits } from "../../src/connections/outage-limits.js";
import { startEmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { migrate } from "../../src/database/migrate.js";
import { openDatabase, openSystemDatabase, type EntityManager } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { ProviderTraffic } from "../../src/sync/provider-traffic.js";
import { withDatabase } from "../support/database.js";

const log = pino({ level: "silent" });
const policy = {
  ...{ maxRetries: 5, baseDelaySeconds: 2, rateLimitedDelaySeconds: 60 },
  ...{ maxDelaySeconds: 300, jitterFactor: 0.1 },
};
const firmId = "1";

/** The database part of a sync, without providers and queue: on a PostgreSQL of its own with the settings of operation, so with fsync. */
export class IngestWorld {
  private readonly engine: Engine;

  private constructor(
    readonly em: EntityManager,
    systemEm: EntityManager,
    /** Sees past row level security. */
    readonly superuser: pg.Client,
    private readonly stops: (() => Promise<unknown>)[],
  ) {
    const queue: Engine["queue"] = {
      send: (_unit, run) => {
        run.jobId = randomUUID();
        return Promise.resolve();
      },
      waitBehind: () => undefined,
      settled: () => Promise.resolve(),
    };
    this.engine = { policy, queue, gate: new ProviderTraffic(systemEm, outageLimits, log), limits: outageLimits };
  }

  static async start(): Promise<IngestWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-bench-"));
    await chmod(dataDir, 0o755); // PostgreSQL may run as another user
    const postgres = await startEmbeddedPostgres({ dataDir, log, detached: false, restarts: false });
    await migrate({ ...postgres, log });
    const database = await openDatabase(postgres.appUrl, 2);
    const system = await openSystemDatabase(postgres.systemUrl, 2);
    const name = new URL(postgres.ownerUrl).pathname.slice(1);
    const superuser = new pg.Client(withDatabase(postgres.superuserUrl, name));
    await superuser.connect();
    await superuser.query("insert into firm (id, name) values ($1, 'A firm')", [firmId]);
    return new IngestWorld(database.em, system.em, superuser, [
      () => superuser.end(),
      () => system.close(),
      () => database.close(),
      () => postgres.stop(),
      () => rm(dataDir, { recursive: true, force: true }),
    ]);
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) await stop();
  }

  get closing(): Engine {
    return this.engine;
  }

  async connect(): Promise<string> {
    const { rows } = await this.superuser.query<{ id: string }>(
      `insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, calendar_name)
       values ($1, 'GOOGLE', 'staff-1', 'staff@example.com', $2, 'Primary') returning id`,
      [firmId, randomUUID()],
    );
    return String(rows[0]?.id);
  }

  /** A full resync of the connection, begun as a worker begins it. */
  async begin(connectionId: string): Promise<StartedAttempt> {
    const run = await unitOfWork(this.em, firmId, (unit) =>
      queueFullRound(unit, this.engine.queue, { connectionId, trigger: "CONNECT", requestedById: null, reason: null }),
    );
    const started = await startAttempt(this.em, { jobId: String(run.jobId), firmId, runId: run.id }, this.engine);
    if (!started) throw new Error("the run did not start");
    return started;
  }
}
