import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildServer, startBuiltServer, type BuiltServer } from "../support/built-server.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { startTestCluster } from "../support/test-cluster.js";
import { median, type Bench, type Measurement } from "./measurement.js";
import { residentMegabytes } from "./process-memory.js";

const folder = ".data/bench/built";
const warmTargetMs = 1_000;
const freshTargetMs = 3_000;
/** Until what a start leaves behind has been collected. */
const idleMs = 5_000;

/** How long a start takes, until a query is answered, and what a process needs that has nothing to do. */
export const startBench: Bench = async ({ isQuick, tell }) => {
  tell(`built in ${ms(await buildServer(folder))}`);
  const stopCluster = await startTestCluster();
  const database = await createTestDatabase();
  try {
    const [warm, fresh, again]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
      warm.push((await started(logins(database))).startMs);
      const embedded = await embeddedStarts();
      fresh.push(embedded.freshMs);
      again.push(embedded.againMs);
      tell(`${ms(warm.at(-1))} warm, embedded ${ms(again.at(-1))}, ${ms(fresh.at(-1))} with a fresh database`);
    }
    for (const roles of ["api,worker,scheduler", "api", "worker"]) tell(`${roles}: ${await needsOf(database, roles)}`);
    return [
      measurementOf("first answer of a server whose database runs", warm, warmTargetMs),
      measurementOf("first answer of a server that starts its database", again, warmTargetMs),
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

/** A server that is stopped again. */
async function started(environment: Record<string, string>): Promise<BuiltServer> {
  const server = await startBuiltServer(folder, environment);
  await server.stop();
  return server;
}

/** The first on a data folder, and the next one. */
async function embeddedStarts(): Promise<{ freshMs: number; againMs: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-bench-"));
  await chmod(dataDir, 0o755); // PostgreSQL may run as another user
  try {
    const { startMs: freshMs } = await started({ DATA_DIR: dataDir });
    const { startMs: againMs } = await started({ DATA_DIR: dataDir });
    return { freshMs, againMs };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** What a process with these roles spends until it is ready or has answered its first query, and what it holds. */
async function needsOf(database: TestDatabase, roles: string): Promise<string> {
  const environment = { ...logins(database), ROLES: roles };
  const spent = [await started(environment), await started(environment), await started(environment)];
  const server = await startBuiltServer(folder, environment);
  await delay(idleMs);
  const resident = residentMegabytes(server.pid) ?? NaN;
  await server.stop();
  const processorMs = median(spent.map((one) => one.processorMs));
  return `${ms(processorMs)} of processors to start, ${resident} MB when idle`;
}
