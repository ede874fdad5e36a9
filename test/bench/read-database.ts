import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { migrate } from "../../src/database/migrate.js";
import { addPartition } from "../../src/maintain/add-partitions.js";
import { seedReads, type ReadSize } from "./read-seed.js";

/** Changes with what the seed makes: an older folder is made again. */
const seedVersion = 4;

const full: ReadSize = { firms: 200, connections: 10_000, attempts: 5_000_000, appointments: 2_000_000 };
const quick: ReadSize = { firms: 200, connections: 10_000, attempts: 200_000, appointments: 50_000 };

/** Of attempts, besides the one that the next ids will go to and DEFAULT. */
const partitions = 5;

export interface ReadDatabase {
  postgres: EmbeddedPostgres;
  /** The same database as a superuser, who sees past row level security. */
  superuserUrl: string;
  size: ReadSize;
  stop(): Promise<unknown>;
}

/**
 * A durable PostgreSQL (fsync on) with as much as a large installation has, in a folder of its own below BENCH_DATA_DIR (default
 * `.data/bench`): made once, kept for the next run.
 */
export async function openReadDatabase(isQuick: boolean, tell: (line: string) => void): Promise<ReadDatabase> {
  const size = isQuick ? quick : full;
  const dataDir = join(process.env["BENCH_DATA_DIR"] ?? ".data/bench", isQuick ? "reads-quick" : "reads");
  const marker = join(dataDir, "seeded.json");
  const wanted = JSON.stringify({ seedVersion, ...size });
  const isKept = existsSync(marker) && (await readFile(marker, "utf8")) === wanted;
  if (!isKept) await rm(dataDir, { recursive: true, force: true });
  const log = pino({ level: "warn" });
  const postgres = await startEmbeddedPostgres({ dataDir, log, settings: { max_wal_size: "4GB" } });
  try {
    await migrate({ ...postgres, log });
    const superuserUrl = new URL(postgres.superuserUrl);
    superuserUrl.pathname = new URL(postgres.appUrl).pathname;
    if (!isKept) {
      await inSession(postgres.ownerUrl, (owner) => addPartitions(owner, size));
      await inSession(superuserUrl.href, (superuser) => seedReads(superuser, size, tell));
      await writeFile(marker, wanted);
    }
    return { postgres, superuserUrl: superuserUrl.href, size, stop: () => postgres.stop() };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** As maintenance would have made them for that many attempts. */
async function addPartitions(owner: pg.Client, { attempts }: ReadSize): Promise<void> {
  const ids = attempts / partitions;
  for (let from = 0; from <= attempts; from += ids) {
    await addPartition(owner, "sync_attempt", { name: `sync_attempt_${from}`, from, to: from + ids });
  }
}

async function inSession(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
