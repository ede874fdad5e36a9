import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { backlogOf, makeAllDue } from "../../src/demo/cluster/backlog.js";
import { startInstallation, type ClusterInstallation } from "../../src/demo/cluster/installation.js";
import { Members } from "../../src/demo/cluster/members.js";
import { median, type Bench, type Measurement } from "./measurement.js";
import { watchProcessors, type ProcessorUse } from "./processors.js";

const requestDelayMs = 200;
const workerCounts = [1, 2, 4] as const;
const targets: Readonly<Record<number, number>> = { 2: 1.7, 4: 3 };
/** Two, so that the workers wait for the providers; and the default, so that they do what the machine can. */
const runsAtOnce = [2, 10] as const;
const lookEveryMs = 20;

interface Round extends ProcessorUse {
  seconds: number;
}

/** A backlog of runs of one request each, of 20 firms, worked off by 1, 2 and 4 worker processes. */
export const workersBench: Bench = async ({ isQuick, tell }) => {
  const connections = isQuick ? 200 : 1_000;
  const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-bench-"));
  const stops: (() => Promise<unknown>)[] = [() => rm(dataDir, { recursive: true, force: true })];
  try {
    const size = { connections, firms: 20, requestDelayMs, runsAtOnce: 10, intervalSeconds: 86_400 };
    const installation = await startInstallation({ dataDir, size, log: pino({ level: "silent" }) }, stops);
    await workOff(installation, { workers: 2, atOnce: 10 }); // the first pulls take more than a request
    const measurements: Measurement[] = [];
    for (const atOnce of runsAtOnce) {
      tell(`${connections} runs, ${atOnce} at once in a worker, ${requestDelayMs} ms a request`);
      measurements.push(...(await compare(installation, { atOnce, rounds: isQuick ? 1 : 3, connections, tell })));
    }
    return measurements;
  } finally {
    for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
  }
};

async function compare(
  installation: ClusterInstallation,
  plan: { atOnce: number; rounds: number; connections: number; tell: (line: string) => void },
): Promise<Measurement[]> {
  const measured = new Map<number, Round[]>(workerCounts.map((workers) => [workers, []]));
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const workers of workerCounts) {
      const result = await workOff(installation, { workers, atOnce: plan.atOnce });
      measured.get(workers)?.push(result);
      plan.tell(`${workers} workers: ${(plan.connections / result.seconds).toFixed(1)} runs/s; ${profileOf(result)}`);
    }
  }
  const secondsOf = (workers: number) => median((measured.get(workers) ?? []).map(({ seconds }) => seconds));
  return Object.entries(targets).map(([workers, target]) => {
    const ratio = secondsOf(1) / secondsOf(Number(workers));
    return {
      what: `${workers} workers beside 1, ${plan.atOnce} runs at once in each`,
      target: `≥ ${target}×`,
      measured: `${ratio.toFixed(2)}×`,
      isMet: ratio >= target,
      profile: profileOf(busiest(measured.get(Number(workers)) ?? [])),
    };
  });
}

function busiest(rounds: readonly Round[]): ProcessorUse {
  return rounds.reduce((one, other) => (other.busy > one.busy ? other : one));
}

function profileOf({ busy, byProcesses, byThis }: ProcessorUse): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const rest = busy - byProcesses - byThis;
  return `processors ${percent(busy)} busy: workers ${percent(byProcesses)}, simulator ${percent(byThis)}, PostgreSQL and others ${percent(rest)}`;
}

/** Every connection is due at once; until all of them have synced. */
async function workOff(
  { environment, firmIds, database, systemDatabase }: ClusterInstallation,
  { workers, atOnce }: { workers: number; atOnce: number },
): Promise<Round> {
  const members = new Members({
    roles: ["scheduler", ...Array.from({ length: workers }, () => "worker" as const)],
    program: fileURLToPath(new URL("../../src/demo/cluster/member.ts", import.meta.url)),
    environment: { ...environment, WORKER_CONCURRENCY: String(atOnce) },
    folder: tmpdir(),
    print: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    await members.start();
    const watched = watchProcessors(members.pidsOf("worker"));
    const begun = performance.now();
    const since = await makeAllDue(database.em, firmIds);
    for (;;) {
      await delay(lookEveryMs);
      const { synced, all } = await backlogOf(systemDatabase.em, since);
      if (synced === all) return { seconds: (performance.now() - begun) / 1000, ...watched() };
    }
  } finally {
    await members.stop();
  }
}
