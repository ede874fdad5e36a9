import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { livePostmaster } from "../../src/database/embedded/postmaster.js";
import { throwAwaySettings } from "../../src/database/embedded/settings.js";
import { migrate } from "../../src/database/migrate.js";
import { withDatabase, type TestDatabase } from "./database.js";

const log = pino({ level: "silent" });

/** What was acknowledged must be there after a crash: only a power cut may lose it. */
const usualSettings = { ...throwAwaySettings, synchronous_commit: "on", max_connections: "300" };

/** A PostgreSQL of its own, migrated, that a test stops and starts without harm to other tests. */
export class CrashingPostgres {
  private readonly users: EmbeddedPostgres[] = [];

  private constructor(
    private readonly dataDir: string,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<CrashingPostgres> {
    const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-crash-"));
    await chmod(dataDir, 0o755); // PostgreSQL may run as another user
    const postgres = new CrashingPostgres(dataDir, { ...usualSettings, ...settings });
    await migrate({ ...(await postgres.startAgain()), log });
    return postgres;
  }

  get database(): TestDatabase {
    const [postgres] = this.users;
    if (!postgres) throw new Error("PostgreSQL has not been started");
    const { ownerUrl, systemUrl, appUrl, superuserUrl } = postgres;
    const name = new URL(ownerUrl).pathname.slice(1);
    const urls = { ownerUrl, systemUrl, appUrl, superuserUrl: withDatabase(superuserUrl, name) };
    return { name, ...urls, drop: () => Promise.resolve() };
  }

  /** As `pg_ctl stop -m immediate` does: nothing is finished or written. Resolves when it is gone. */
  async crash(): Promise<void> {
    const cluster = join(this.dataDir, "postgres", "cluster");
    const postmaster = livePostmaster(cluster);
    if (!postmaster) throw new Error("PostgreSQL does not run");
    process.kill(postmaster.pid, "SIGQUIT");
    while (livePostmaster(cluster)) await delay(10);
  }

  /** On the same port; resolves when it takes connections again. */
  async startAgain(): Promise<EmbeddedPostgres> {
    const { dataDir, settings } = this;
    const started = await startEmbeddedPostgres({ dataDir, log, settings, restarts: false, detached: false });
    this.users.push(started);
    return started;
  }

  async stop(): Promise<void> {
    for (const user of this.users) await user.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
