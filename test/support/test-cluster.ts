import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { tryFileLock } from "../../src/database/embedded/file-lock.js";
import { throwAwaySettings } from "../../src/database/embedded/settings.js";
import { createEmbeddedDatabase } from "../../src/database/embedded/embedded-logins.js";
import { migrate } from "../../src/database/migrate.js";
import { clusterVariable, templateDatabase, withDatabase } from "./database.js";

const prefix = "calendar-sync-test-";
/** Held as long as the run lives. */
const runLock = "run.lock";
const log = pino({ level: "warn" });

/** One throw-away PostgreSQL for the whole run, with a migrated template database. Returns what removes it again. */
export async function startTestCluster(): Promise<() => Promise<void>> {
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), prefix));
  const lock = tryFileLock(join(dataDir, runLock), "exclusive");
  const cluster = await startThrowAway(dataDir);
  await createTemplate(cluster);
  const { ownerUrl, systemUrl, appUrl, superuserUrl } = cluster;
  process.env[clusterVariable] = JSON.stringify({ ownerUrl, systemUrl, appUrl, superuserUrl });
  return async () => {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
    lock?.release();
  };
}

function startThrowAway(dataDir: string): Promise<EmbeddedPostgres> {
  const settings = { ...throwAwaySettings, max_connections: "300" };
  return startEmbeddedPostgres({ dataDir, log, settings, restarts: false, detached: false });
}

async function createTemplate(cluster: EmbeddedPostgres): Promise<void> {
  const client = new pg.Client(cluster.superuserUrl);
  await client.connect();
  try {
    await createEmbeddedDatabase(client, templateDatabase);
    const { ownerUrl, systemUrl, appUrl } = cluster;
    await migrate({
      ownerUrl: withDatabase(ownerUrl, templateDatabase),
      systemUrl: withDatabase(systemUrl, templateDatabase),
      appUrl: withDatabase(appUrl, templateDatabase),
      log,
    });
    // A template somebody is connected to cannot be copied.
    await client.query(`alter database ${templateDatabase} allow_connections false`);
  } finally {
    await client.end();
  }
}

/** A killed run leaves its cluster behind, and the kernel lets go of its lock. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    await removeLeftover(join(tmpdir(), name)).catch((error: unknown) => {
      log.warn(error, `an earlier run's cluster could not be removed: ${name}`);
    });
  }
}

async function removeLeftover(dataDir: string): Promise<void> {
  if (!existsSync(join(dataDir, runLock))) return removeIfOld(dataDir);
  const lock = tryFileLock(join(dataDir, runLock), "exclusive");
  if (lock === null) return;
  const cluster = await startThrowAway(dataDir);
  await cluster.stop();
  await rm(dataDir, { recursive: true, force: true });
  lock.release();
}

/** Without a lock it is just being made, or its maker was killed at that moment. */
async function removeIfOld(dataDir: string): Promise<void> {
  const { mtimeMs } = await stat(dataDir);
  if (Date.now() - mtimeMs > 3_600_000) await rm(dataDir, { recursive: true, force: true });
}
