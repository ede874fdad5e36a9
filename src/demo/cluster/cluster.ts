import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { summaryOf } from "../../verify/verification-report.js";
import { verify } from "../../verify/verify.js";
import { backlogOf, makeAllDue } from "./backlog.js";
import { startInstallation, type ClusterInstallation } from "./installation.js";
import type { MemberRole } from "./member-process.js";
import { Members } from "./members.js";

export interface ClusterOptions {
  /** Of the cluster alone: its own PostgreSQL and simulator keep their data there. */
  dataDir: string;
  /** The file of the program that each of its processes runs: what member.ts is where the command runs. */
  program: string;
  /** So many calendars are connected at least, and have a run each in the backlog. */
  connections: number;
  /** End when the backlog is done. */
  isOnce: boolean;
  log: Logger;
  print: (line: string) => void;
}

/** The backlog takes a while, so that a worker can be killed in the middle of a run. */
const size = { firms: 3, requestDelayMs: 300, runsAtOnce: 2, intervalSeconds: 30 };
const roles: readonly MemberRole[] = ["api", "api", "worker", "worker", "worker", "scheduler"];

const lookEveryMs = 250;
const tellEveryMs = 2_000;

/**
 * Several server processes on one database: two APIs, three workers and a scheduler share a backlog of runs. Goes on until `stopping` is
 * aborted, or until the backlog is done where that is all; leaves no process. Returns whether every invariant held at the end.
 */
export async function runCluster(options: ClusterOptions, stopping: AbortController): Promise<boolean> {
  const stops: (() => Promise<unknown>)[] = [];
  let failure: unknown = null;
  try {
    const { dataDir, connections, log } = options;
    const installation = await startInstallation({ dataDir, size: { ...size, connections }, log }, stops);
    const members = new Members({
      roles,
      program: options.program,
      environment: installation.environment,
      folder: options.dataDir,
      print: options.print,
      onFailure: (error) => {
        failure = error;
        stopping.abort();
      },
    });
    stops.push(() => members.stop());
    if (stopping.signal.aborted) return true;
    await members.start();
    introduce(members, options);
    return await workOff(installation, members, options, stopping.signal);
  } finally {
    for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
    if (failure !== null) throw failure as Error;
  }
}

function introduce(members: Members, { print, isOnce }: ClusterOptions): void {
  print(`APIs at ${members.urls().join(" and ")}, scheduler ${members.pidsOf("scheduler").join(", ")}`);
  print(`workers ${members.pidsOf("worker").join(", ")}`);
  if (!isOnce) print("Kill one to see its runs go on with another one: kill -9 PID. Ctrl-C stops everything.");
}

/** Tells now and then how the workers share the backlog, then how they go on. */
async function workOff(
  { postgres, firmIds, database, systemDatabase }: ClusterInstallation,
  members: Members,
  { isOnce, print }: ClusterOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const since = await makeAllDue(database.em, firmIds);
  print(`${(await backlogOf(systemDatabase.em, since)).all} connections of three firms are due now`);
  const beganAt = performance.now();
  const seconds = (): string => ((performance.now() - beganAt) / 1000).toFixed(1);
  let toldAt = beganAt;
  while (!signal.aborted) {
    await pause(lookEveryMs, signal);
    const { synced, all } = await backlogOf(systemDatabase.em, since);
    if (synced === all) break;
    if (performance.now() - toldAt < tellEveryMs) continue;
    toldAt = performance.now();
    print(`${seconds()} s: ${synced} of ${all} synced. Runs done by ${members.work.summary()}`);
  }
  if (signal.aborted) return true;
  print(`The backlog is done after ${seconds()} s. Runs done by ${members.work.summary()}`);
  const verification = await verify(postgres.systemUrl);
  print(summaryOf(verification));
  if (!isOnce) await tellOn(members, print, signal);
  return verification.invariants.every(({ count }) => count === 0);
}

/** The scheduler goes on making pulls. */
async function tellOn(members: Members, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  let told = "";
  while (!signal.aborted) {
    await pause(5 * tellEveryMs, signal);
    const summary = members.work.summary();
    if (summary !== told) print(`Runs done by ${summary}`);
    told = summary;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
