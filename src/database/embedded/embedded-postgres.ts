import { existsSync } from "node:fs";
import type { BaseLogger } from "pino";
import { copyDirectories, installedPostgres, prepareBinaries, type Binaries } from "./binaries.js";
import { createCluster } from "./create-cluster.js";
import {
  openDataFolder,
  passwordsOf,
  rememberedPort,
  rememberPort,
  rememberWhere,
  wasStartedElsewhere,
  type DataFolder,
  type Passwords,
} from "./data-folder.js";
import { EmbeddedPostgresError, explainingFileFaults } from "./embedded-postgres-error.js";
import { choosePort } from "./free-port.js";
import { fileLock, tryFileLock, type FileLock } from "./file-lock.js";
import { keepRunning } from "./keep-running.js";
import { livePostmaster, startPostmaster, stopPostmaster, type Postmaster } from "./postmaster.js";
import { embeddedUrls, isOurPostgres, prepareDatabase, type EmbeddedUrls } from "./embedded-session.js";
import { chooseRunAs, type RunAs } from "./run-as.js";
import { clusterSettings } from "./settings.js";

export type EmbeddedPostgresLog = Pick<BaseLogger, "info" | "warn" | "error">;

export interface EmbeddedPostgresOptions {
  /** The configured DATA_DIR; everything lies in its folder `postgres`. */
  dataDir: string;
  log: EmbeddedPostgresLog;
  /** PostgreSQL settings beside ours. With `fsync: "off"` the cluster's creation is not flushed to disk either. */
  settings?: Record<string, string>;
  /** Start PostgreSQL again when it dies under us. Default true. */
  restarts?: boolean;
  /** PostgreSQL, or what makes its files, has been started and is waited for: time for other work. May be called several times, or never. */
  onWaiting?: () => void;
  /** Survive this process and the terminal's Ctrl-C. Default true; false for clusters that are thrown away. */
  detached?: boolean;
}

export interface EmbeddedPostgres extends EmbeddedUrls {
  /** True if it ran already: another process uses it, or a killed one left it. */
  adopted: boolean;
  /** Leaves it. The last process to leave stops PostgreSQL and waits for its end; returns whether this one did. Safe to repeat. */
  stop(): Promise<boolean>;
}

const lockWaitMs = 330_000;
const stopPatienceMs = 8_000;
const startAttempts = 20;

/**
 * Uses the PostgreSQL of a data folder: creates it if there is none, starts it if it does not run, adopts it if it does. Servers and
 * commands call this alike, in any number and order; PostgreSQL ends with the last of them. It survives the SIGKILL of all of
 * them, and the next one adopts it. Throws EmbeddedPostgresError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = await openDataFolder(options.dataDir);
  return explainingFileFaults("use the database in", folder.root, async () => {
    const startLock = await exclusively(folder);
    try {
      return await enter(folder, options);
    } finally {
      startLock.release();
    }
  });
}

async function exclusively(folder: DataFolder): Promise<FileLock> {
  const lock = await fileLock(folder.startLock, "exclusive", lockWaitMs);
  if (lock === null)
    throw new EmbeddedPostgresError(`Another process has been starting or stopping ${folder.cluster} for minutes.`);
  return lock;
}

async function enter(folder: DataFolder, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const passwords = passwordsOf(folder);
  const start = () => runningPostmaster(folder, passwords, options);
  const { postmaster, adopted } = await start();
  const usersLock = await fileLock(folder.usersLock, "shared", lockWaitMs);
  if (usersLock === null)
    throw new EmbeddedPostgresError(`${folder.usersLock} is locked by a program that is not ours.`);
  await prepareDatabase(postmaster.port, passwords);
  const keeper = keepRunning({
    ...{ folder, log: options.log, restarts: options.restarts ?? true },
    restart: async () => {
      const lock = await exclusively(folder);
      const again = await start().finally(() => {
        lock.release();
      });
      if (again.postmaster.port === postmaster.port) return;
      throw new EmbeddedPostgresError(
        "PostgreSQL's port was taken meanwhile: it has another one now. Restart the server.",
      );
    },
  });
  const leave = async () => {
    await keeper.end();
    return leaveCluster(folder, usersLock);
  };
  let left: Promise<boolean> | undefined;
  return { ...embeddedUrls(postmaster.port, passwords), adopted, stop: () => (left ??= leave()) };
}

async function leaveCluster(folder: DataFolder, usersLock: FileLock): Promise<boolean> {
  const startLock = await exclusively(folder);
  try {
    usersLock.release();
    const lastOut = tryFileLock(folder.usersLock, "exclusive");
    if (lastOut === null) return false;
    lastOut.release();
    await stopPostmaster(folder.cluster, stopPatienceMs);
    return true;
  } finally {
    startLock.release();
  }
}

async function runningPostmaster(
  folder: DataFolder,
  passwords: Passwords,
  options: EmbeddedPostgresOptions,
): Promise<{ postmaster: Postmaster; adopted: boolean }> {
  const found = await adoptPostmaster(folder, passwords);
  if (found !== null) return { postmaster: found, adopted: true };
  refuseUseFromElsewhere(folder);
  const runAs = chooseRunAs(folder.cluster);
  const binaries = prepareBinaries(installedPostgres(), runAs, copyDirectories(runAs, folder.binaries));
  const settings = { ...clusterSettings, ...options.settings };
  if (!existsSync(folder.cluster)) {
    options.log.info({ directory: folder.cluster }, "creating the embedded PostgreSQL");
    const creating = createCluster(folder, binaries, {
      runAs,
      password: passwords.superuser,
      isDurable: settings["fsync"] !== "off",
    });
    options.onWaiting?.();
    await creating;
  }
  const { detached: isDetached = true, onWaiting } = options;
  const postmaster = await startOnFreePort(folder, binaries, { runAs, settings, isDetached }, onWaiting);
  return { postmaster, adopted: false };
}

/** Two PostgreSQLs on one folder destroy it, and each takes the lock file of one that it cannot see for a leftover. */
function refuseUseFromElsewhere(folder: DataFolder): void {
  if (!wasStartedElsewhere(folder)) return;
  const alone = tryFileLock(folder.usersLock, "exclusive");
  if (alone === null) {
    throw new EmbeddedPostgresError(
      `The database in ${folder.root} is in use from another container or machine. Stop that server first, or set another DATA_DIR.`,
    );
  }
  alone.release();
}

/** One that lives on our cluster is ours, but may be still starting or just stopping: it settles one way or the other. */
async function adoptPostmaster(folder: DataFolder, passwords: Passwords): Promise<Postmaster | null> {
  const deadline = performance.now() + lockWaitMs;
  for (;;) {
    const postmaster = livePostmaster(folder.cluster);
    if (postmaster === null) return null;
    if (await isOurPostgres(postmaster.port, folder, passwords.superuser)) return postmaster;
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        `PostgreSQL (process ${postmaster.pid}) runs on ${folder.cluster} but does not answer. End it; its log is ${folder.log}.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function startOnFreePort(
  folder: DataFolder,
  binaries: Binaries,
  options: { runAs: RunAs | null; settings: Record<string, string>; isDetached: boolean },
  onWaiting?: () => void,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(rememberedPort(folder));
    try {
      const starting = startPostmaster(folder, { ...options, program: binaries.postgres, port });
      onWaiting?.();
      const postmaster = await starting;
      rememberPort(folder, port);
      rememberWhere(folder);
      return postmaster;
    } catch (error) {
      if (attempt === startAttempts || !isPassing(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The port was taken between our look and PostgreSQL's, or sessions of a killed PostgreSQL are still ending. */
function isPassing(error: unknown): boolean {
  return error instanceof EmbeddedPostgresError && /TCP\/IP socket|shared memory block/.test(error.message);
}
