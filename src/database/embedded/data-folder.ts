import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { errorCode } from "../error-code.js";
import { EmbeddedPostgresError, explainingFileFaults } from "./embedded-postgres-error.js";
import type { RunAs } from "./run-as.js";

/** DATA_DIR/postgres: the cluster, and beside it what is needed to start and reach it. */
export interface DataFolder {
  root: string;
  /** PostgreSQL's data directory; belongs to the user PostgreSQL runs as. */
  cluster: string;
  log: string;
  /** Held while PostgreSQL is started or stopped. */
  startLock: string;
  /** Held shared by every process that uses this PostgreSQL: the last one out stops it. */
  usersLock: string;
  /** Where a copy of the programs is kept if those in node_modules cannot be used. */
  binaries: string;
}

export interface Passwords {
  superuser: string;
  owner: string;
  system: string;
  app: string;
}

/** Makes the folder, closed to other users. */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  const root = join(resolve(dataDir), "postgres");
  await explainingFileFaults("keep the database in", root, () => {
    // DATA_DIR also holds other parts' files; whoever made it decides about its mode.
    mkdirSync(root, { recursive: true });
    chmodSync(root, 0o700);
  });
  return {
    root,
    cluster: join(root, "cluster"),
    log: join(root, "postgres.log"),
    startLock: join(root, "start.lock"),
    usersLock: join(root, "users.lock"),
    binaries: join(root, "binaries"),
  };
}

/** Random passwords, made once. Written before the cluster that knows them, so that no cluster is ever without. */
export function passwordsOf(folder: DataFolder): Passwords {
  const path = join(folder.root, "passwords.json");
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Passwords;
  if (existsSync(folder.cluster)) {
    throw new EmbeddedPostgresError(
      `${path} is missing, and without it the database beside it cannot be opened. Restore that file.`,
    );
  }
  const random = () => randomBytes(24).toString("hex");
  const passwords = { superuser: random(), owner: random(), system: random(), app: random() };
  writeFileSync(`${path}.new`, JSON.stringify(passwords), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return passwords;
}

/** The port PostgreSQL last listened on, so that addresses in use stay valid after a restart; null before the first start. */
export function rememberedPort(folder: DataFolder): number | null {
  const path = join(folder.root, "port");
  const port = existsSync(path) ? Number(readFileSync(path, "utf8")) : NaN;
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
}

export function rememberPort(folder: DataFolder, port: number): void {
  writeFileSync(join(folder.root, "port"), String(port));
}

/**
 * Whether PostgreSQL was last started where we cannot see its processes: in another container, or on another machine that shares
 * the folder.
 */
export function wasStartedElsewhere(folder: DataFolder): boolean {
  const path = join(folder.root, "started-in");
  return existsSync(path) && readFileSync(path, "utf8") !== whereWeAre();
}

export function rememberWhere(folder: DataFolder): void {
  writeFileSync(join(folder.root, "started-in"), whereWeAre());
}

function whereWeAre(): string {
  return process.platform === "linux" ? `${hostname()} ${readlinkSync("/proc/self/ns/pid")}` : hostname();
}

/**
 * An empty directory that PostgreSQL's user owns, beside the cluster that it will become. What interrupted attempts left is
 * removed as far as possible: the initdb of a killed server may still be writing there.
 */
export function makeUnfinishedCluster(folder: DataFolder, runAs: RunAs | null): string {
  for (const name of readdirSync(folder.root)) {
    if (name.startsWith(unfinished)) removeIfQuiet(join(folder.root, name));
  }
  const directory = mkdtempSync(join(folder.root, unfinished));
  if (runAs !== null) chownSync(directory, runAs.uid, runAs.gid);
  return directory;
}

const unfinished = "cluster.new-";

function removeIfQuiet(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (errorCode(error) !== "ENOTEMPTY") throw error;
  }
}
