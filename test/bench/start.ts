import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { startTestCluster } from "../support/test-cluster.js";
import { buildServer, builtFile, startBuiltServer } from "./built-server.js";
import { median, type Bench, type Measurement } from "./measurement.js";
import { residentMegabytes } from "./process-memory.js";

const warmTargetMs = 1_000;
const freshTargetMs = 3_000;
/** Until what a start leaves behind has been collected. */
const idleMs = 5_000;

/** How long a start takes, until a query is answered, and what a process needs that has nothing to do. */
export const startBench: Bench = async ({ isQuick, tell }) => {
  await buildServer();
  const stopCluster = await startTestCluster();
  const database = await createTestDatabase();
  try {
    const [warm, fresh]: [number[], number[]] = [[], []];
    for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
      warm.push(await warmStart(database));
      fresh.push(await freshStart());
      const imports = await importMs();
      tell(`${ms(warm.at(-1))} warm, ${ms(fresh.at(-1))} with a fresh database; importing alone ${ms(imports)}`);
    }
    for (const role of ["api", "worker"]) tell(`${role}: ${await idleMegabytes(database, role)} MB when idle`);
    return [
      measurementOf("first answer of a server whose database runs", warm, warmTargetMs),
      measurementOf("first answer of a server that makes its database", fresh, freshTargetMs),
    ];
  } finally {
    await database.drop();
    await stopCluster();
  }
};

const ms = (time = NaN): string => `${Math.round(time)} ms`;

function measurementOf(what: string, times: readonly number[], targetMs: number): Measurement {
  const time = median(times);
  return {
    ...{ what, target: `≤ ${ms(targetMs)}`, measured: ms(time), isMet: time <= targetMs },
    profile: "processes, imports and migrations: a machine that is busy with other things doubles it",
  };
}

function logins({ appUrl, systemUrl }: TestDatabase): Record<string, string> {
  return { DATABASE_URL: appUrl, DATABASE_SYSTEM_URL: systemUrl };
}

async function warmStart(database: TestDatabase): Promise<number> {
  const server = await startBuiltServer(logins(database));
  await server.stop();
  return server.startMs;
}

async function freshStart(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-bench-"));
  await chmod(dataDir, 0o755); // PostgreSQL may run as another user
  try {
    const server = await startBuiltServer({ DATA_DIR: dataDir });
    await server.stop();
    return server.startMs;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Loads every module of a server and ends. */
async function importMs(): Promise<number> {
  const begun = performance.now();
  const code = `await import(${JSON.stringify(builtFile("src/server-process.js"))}); process.exit()`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code]);
  return performance.now() - begun;
}

async function idleMegabytes(database: TestDatabase, role: string): Promise<number> {
  const server = await startBuiltServer({ ...logins(database), ROLES: role });
  await delay(idleMs);
  const resident = residentMegabytes(server.pid) ?? NaN;
  await server.stop();
  return resident;
}
