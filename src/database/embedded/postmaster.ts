import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "../error-code.js";
import type { DataFolder } from "./data-folder.js";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";
import { boundLog, decisiveLine, logSince } from "./log-file.js";
import type { RunAs } from "./run-as.js";

/** PostgreSQL's first process, which starts, watches and stops the others. */
export interface Postmaster {
  pid: number;
  port: number;
}

const pollMs = 10;
/** Crash recovery after a power cut replays up to max_wal_size; on a slow disk that takes minutes. */
const startLimitMs = 300_000;

/** Nothing is inherited: PG* variables and locales of the caller would change what PostgreSQL does. */
export const postgresEnvironment = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/**
 * How PostgreSQL is told its data directory. A clone under /root is closed to the user PostgreSQL must run as there, but a process
 * may use the working directory it was born in, whatever lies above it: so it is born in its data directory, by root, and knows
 * it by that name. Data stay in DATA_DIR, wherever that is. (Other systems than Linux lack the name; there the path must be open.)
 */
export function clusterPath(directory: string, runAs: RunAs | null): string {
  return runAs !== null && process.platform === "linux" ? "/proc/self/cwd" : directory;
}

/** The postmaster that really runs on this cluster now, also while it starts or stops. A dead one's lock file means nothing. */
export function livePostmaster(cluster: string): Postmaster | null {
  const lockFile = readLockFile(cluster);
  return lockFile !== null && runsIn(lockFile.pid, cluster) ? { pid: lockFile.pid, port: lockFile.port } : null;
}

function readLockFile(cluster: string): (Postmaster & { isReady: boolean }) | null {
  try {
    const lines = readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return pid > 0 ? { pid, port, isReady: lines[7]?.trim() === "ready" } : null;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** The number in a lock file may belong to a stranger by now: a postmaster's working directory is its cluster. */
function runsIn(pid: number, cluster: string): boolean {
  if (process.platform !== "linux") {
    const { stdout } = spawnSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" });
    return stdout.includes("postgres") && stdout.includes(cluster);
  }
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(cluster)];
    return theirs.ino === ours.ino && theirs.dev === ours.dev;
  } catch {
    return false; // gone, a zombie, or another user's
  }
}

export interface StartOptions {
  program: string;
  runAs: RunAs | null;
  port: number;
  settings: Record<string, string>;
  isDetached: boolean;
}

/** Starts PostgreSQL and waits until it accepts connections. Throws EmbeddedPostgresError with the log's decisive line. */
export async function startPostmaster(folder: DataFolder, options: StartOptions): Promise<Postmaster> {
  boundLog(folder.log);
  const log = openSync(folder.log, "a", 0o600);
  const offset = statSync(folder.log).size;
  const child = spawnPostmaster(folder, options, log);
  closeSync(log);
  const failed = once(child, "exit").then(([code, signal]) => {
    const line = decisiveLine(logSince(folder.log, offset));
    throw new EmbeddedPostgresError(
      `PostgreSQL did not start (${String(code ?? signal)}): ${line}. Its log is ${folder.log}.`,
    );
  });
  await Promise.race([failed, untilReady(folder.cluster, child)]);
  failed.catch(() => undefined); // from here on its end is noticed by those who watch it
  return { pid: child.pid ?? 0, port: options.port };
}

function spawnPostmaster(folder: DataFolder, options: StartOptions, log: number): ChildProcess {
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(
    options.program,
    ["-D", clusterPath(folder.cluster, options.runAs), "-p", String(options.port), ...settings],
    {
      ...options.runAs,
      cwd: folder.cluster,
      // PostgreSQL believes a leftover lock file whose number is in use again, unless it is its own grandparent's.
      env: { ...postgresEnvironment, PG_GRANDPARENT_PID: String(readLockFile(folder.cluster)?.pid ?? 0) },
      stdio: ["ignore", log, log],
      // Out of the terminal's process group: Ctrl-C is for the server, which stops PostgreSQL when it is done with it.
      detached: options.isDetached,
    },
  );
  child.unref();
  return child;
}

async function untilReady(cluster: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + startLimitMs;
  while (performance.now() < deadline) {
    const lockFile = readLockFile(cluster);
    if (lockFile !== null && lockFile.pid === child.pid && lockFile.isReady) return;
    if (child.exitCode !== null || child.signalCode !== null) return; // told by the exit event
    await delay(pollMs);
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL (process ${child.pid ?? 0}) is still not ready after ${startLimitMs / 1000} s.`,
  );
}

/** Fast shutdown: sessions end, everything is written. After `patienceMs` it is told to quit at once, which loses nothing either. */
export async function stopPostmaster(cluster: string, patienceMs: number): Promise<void> {
  const postmaster = livePostmaster(cluster);
  if (postmaster === null) return;
  signal(postmaster.pid, "SIGINT");
  if (await untilGone(cluster, postmaster.pid, patienceMs)) return;
  signal(postmaster.pid, "SIGQUIT");
  if (await untilGone(cluster, postmaster.pid, patienceMs)) return;
  throw new EmbeddedPostgresError(`PostgreSQL (process ${postmaster.pid}) does not stop.`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

async function untilGone(cluster: string, pid: number, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    if (!runsIn(pid, cluster)) return true;
    await delay(pollMs);
  }
  return false;
}
