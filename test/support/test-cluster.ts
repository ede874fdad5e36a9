import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
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
import { secretPatterns, secretText } from "./secrets.js";
import { findSecrets } from "./written-secrets.js";
import { writtenVariable } from "./written.js";

const prefix = "calendar-sync-test-";
/** Held as long as the run lives. */
const runLock = "run.lock";
const log = pino({ level: "warn" });

/** One throw-away PostgreSQL for the whole run, with a migrated template database. Returns what removes it again. */
export async function startTestCluster(): Promise<() => Promise<void>> {
  await removeLeftovers();
  const dataDir = await mkdtemp(join(tmpdir(), prefix));
  const lock = tryFileLock(join(dataDir, runLock), "exclusive");
  givePasswords(dataDir);
  const cluster = await startThrowAway(dataDir);
  await createTemplate(cluster);
  const { ownerUrl, systemUrl, appUrl, superuserUrl } = cluster;
  process.env[clusterVariable] = JSON.stringify({ ownerUrl, systemUrl, appUrl, superuserUrl });
  const written = join(dataDir, "written");
  mkdirSync(written);
  process.env[writtenVariable] = written;
  return async () => {
    await cluster.stop();
    const found = secretsOf(dataDir);
    await rm(dataDir, { recursive: true, force: true });
    lock?.release();
    if (found.length > 0) throw new Error(`The tests have written secrets:\n${found.join("\n")}`);
  };
}

/** Secrets themselves, before the cluster is made: it keeps those that are there. */
function givePasswords(dataDir: string): void {
  const folder = join(dataDir, "postgres");
  mkdirSync(folder, { mode: 0o700 });
  const passwords = ["superuser", "owner", "system", "app"].map((login) => [login, secretText(login)] as const);
  writeFileSync(join(folder, "passwords.json"), JSON.stringify(Object.fromEntries(passwords)), { mode: 0o600 });
}

/** A token of a user's, which holds no mark. */
const bearer = Buffer.from("eyJhbGciOi");

/**
 * What everybody has written: the logs and answers, PostgreSQL's log, and its files. All of its log of changes is kept, so that rows are found
 * as well that were removed, with their database or before.
 */
function secretsOf(dataDir: string): string[] {
  const postgres = join(dataDir, "postgres");
  rmSync(join(postgres, "passwords.json"));
  const found = [
    ...findSecrets(join(dataDir, "written"), secretPatterns()),
    ...findSecrets(postgres, [...secretPatterns(), bearer]),
  ];
  return found.map(({ file, around }) => `${file}: ${around}`);
}

function startThrowAway(dataDir: string): Promise<EmbeddedPostgres> {
  const settings = { ...throwAwaySettings, max_connections: "300", wal_keep_size: "100GB" };
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
    await storePlainly(cluster.superuserUrl);
    // A template somebody is connected to cannot be copied.
    await client.query(`alter database ${templateDatabase} allow_connections false`);
  } finally {
    await client.end();
  }
}

/** Long values are not compressed, so that a secret in one is found. */
async function storePlainly(superuserUrl: string): Promise<void> {
  const client = new pg.Client(withDatabase(superuserUrl, templateDatabase));
  await client.connect();
  try {
    await client.query(`
      do $$ declare stored record; begin
        for stored in select attrelid::regclass as name, attname from pg_attribute a join pg_class c on c.oid = attrelid
          where relkind in ('r', 'p') and relnamespace::regnamespace::text in ('public', 'pgboss', 'across_firms')
            and attnum > 0 and not attisdropped and attstorage = 'x'
        loop
          execute format('alter table %s alter column %I set storage external', stored.name, stored.attname);
        end loop;
      end $$`);
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
