import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Binaries } from "./binaries.js";
import { makeUnfinishedCluster, type DataFolder } from "./data-folder.js";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";
import type { RunAs } from "./run-as.js";
import { clusterPath, postgresEnvironment } from "./postmaster.js";

/** Creates the cluster with initdb: UTF-8, checksums, passwords (SCRAM) for every connection. All or nothing, whenever it dies. */
export async function createCluster(
  folder: DataFolder,
  binaries: Binaries,
  options: { runAs: RunAs | null; password: string; isDurable: boolean },
): Promise<void> {
  const unfinished = makeUnfinishedCluster(folder, options.runAs);
  const passwordFile = join(folder.root, "initdb-password");
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (options.runAs !== null) chownSync(passwordFile, options.runAs.uid, options.runAs.gid);
  try {
    await initdb(binaries.initdb, unfinished, passwordFile, options);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, folder.cluster);
}

async function initdb(
  program: string,
  directory: string,
  passwordFile: string,
  options: { runAs: RunAs | null; isDurable: boolean },
): Promise<void> {
  // As an open file it is readable wherever it lies, like the directory (see clusterPath).
  const password = openSync(passwordFile, "r");
  try {
    const child = spawn(program, initdbArguments(directory, options), {
      ...options.runAs,
      cwd: directory,
      env: postgresEnvironment,
      stdio: ["ignore", "ignore", "pipe", password],
    });
    const complaint = child.stderr === null ? Promise.resolve("") : text(child.stderr);
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0)
      throw new EmbeddedPostgresError(`PostgreSQL's initdb failed in ${directory}: ${oneLine(await complaint)}`);
  } finally {
    closeSync(password);
  }
}

function initdbArguments(directory: string, options: { runAs: RunAs | null; isDurable: boolean }): string[] {
  return [
    ...["-D", clusterPath(directory, options.runAs)],
    ...["--username=postgres", "--pwfile=/dev/fd/3", "--auth=scram-sha-256"],
    ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
    "--no-instructions",
    ...(options.isDurable ? [] : ["--no-sync"]),
  ];
}

function oneLine(complaint: string): string {
  const lines = complaint.split("\n").filter((line) => /error|fatal|panic|could not/i.test(line));
  return (lines[0] ?? complaint).trim().split("\n").join(" ");
}
