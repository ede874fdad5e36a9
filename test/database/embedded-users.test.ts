import {
  accessSync,
  constants,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { livePostmaster, stopPostmaster } from "../../src/database/embedded/postmaster.js";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";

const script = new URL("use-embedded.ts", import.meta.url);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "embedded-user-"));
});

afterEach(async () => {
  for (const dataDir of ["data", "closed/data"]) {
    const cluster = join(folder, dataDir, "postgres", "cluster");
    if (statSync(cluster, { throwIfNoEntry: false })) await stopPostmaster(cluster, 10_000);
  }
  rmSync(folder, { recursive: true, force: true });
});

/** An unprivileged user: nobody where the tests run as root in a place nobody can reach, else whoever runs them. */
function ordinaryUser(): { uid?: number; gid?: number } {
  const isRoot = process.getuid?.() === 0;
  return isRoot && isOpenToAll(fileURLToPath(script)) && isOpenToAll(process.execPath)
    ? { uid: 65_534, gid: 65_534 }
    : {};
}

function isOpenToAll(path: string): boolean {
  const isOpen =
    (statSync(path).mode & 0o005) === 0o005 || (statSync(path).isFile() && (statSync(path).mode & 0o004) !== 0);
  return isOpen && (dirname(path) === path || isOpenToAll(dirname(path)));
}

function startAs(user: { uid?: number; gid?: number }, dataDir: string): TypeScriptProcess {
  chmodSync(folder, 0o755);
  return runTypeScript(script, [dataDir], { ...user, cwd: "/" });
}

function makeFolder(path: string, mode: number, owner: { uid?: number; gid?: number } = {}): string {
  mkdirSync(path, { mode });
  if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid ?? owner.uid);
  return path;
}

async function refusal(process: TypeScriptProcess): Promise<string> {
  const { error } = JSON.parse(await process.nextLine()) as { error: string };
  expect(await process.ended).toBe(2);
  return error;
}

describe("the embedded PostgreSQL's users", () => {
  test("an ordinary user runs it as itself", async () => {
    const user = ordinaryUser();
    const dataDir = makeFolder(join(folder, "data"), 0o755, user);
    const server = startAs(user, dataDir);
    const { adopted } = JSON.parse(await server.nextLine()) as EmbeddedPostgres;
    expect(adopted).toBe(false);
    const cluster = join(dataDir, "postgres", "cluster");
    expect(statSync(cluster).uid).toBe(user.uid ?? process.getuid?.());
    expect(livePostmaster(cluster)).not.toBeNull();
    server.child.kill("SIGTERM");
    expect(await server.nextLine()).toBe('{"stopped":true}');
    expect(await server.ended).toBe(0);
  });

  test("root runs it as somebody else, in a folder that is closed to everybody else", async () => {
    const closed = makeFolder(join(folder, "closed"), 0o700);
    const dataDir = makeFolder(join(closed, "data"), 0o700);
    const server = startAs({}, dataDir);
    await server.nextLine();
    const cluster = join(dataDir, "postgres", "cluster");
    const { pid } = livePostmaster(cluster) ?? { pid: 0 };
    expect(uidOf(pid)).toBe(statSync(cluster).uid);
    expect(uidOf(pid)).not.toBe(0);
    server.child.kill("SIGTERM");
    expect(await server.nextLine()).toBe('{"stopped":true}');
  });

  test("root goes on with the cluster of an ordinary user, as that user", async () => {
    const user = ordinaryUser();
    const dataDir = makeFolder(join(folder, "data"), 0o755, user);
    for (const starter of [user, {}, user]) {
      const server = startAs(starter, dataDir);
      await server.nextLine();
      const cluster = join(dataDir, "postgres", "cluster");
      expect(uidOf(livePostmaster(cluster)?.pid ?? 0)).toBe(user.uid ?? process.getuid?.());
      server.child.kill("SIGTERM");
      expect(await server.nextLine()).toBe('{"stopped":true}');
      await server.ended;
    }
  });

  test("a data folder that may not be written is told in one line", async () => {
    const user = ordinaryUser();
    const dataDir = makeFolder(join(folder, "data"), user.uid === undefined ? 0o500 : 0o755);
    const error = await refusal(startAs(user, dataDir));
    expect(error).toBe(
      `Cannot keep the database in ${dataDir}/postgres: permission denied (EACCES). Set DATA_DIR to a folder this user may write.`,
    );
  });

  test("a data folder inside a file is told in one line", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const error = await refusal(startAs({}, join(file, "data")));
    expect(error).toContain("a part of the path is a file (ENOTDIR)");
  });

  test("a data folder whose passwords were lost is told in one line", async () => {
    const dataDir = makeFolder(join(folder, "data"), 0o755);
    const first = startAs({}, dataDir);
    await first.nextLine();
    first.child.kill("SIGTERM");
    await first.ended;
    rmSync(join(dataDir, "postgres", "passwords.json"));
    expect(await refusal(startAs({}, dataDir))).toContain("passwords.json is missing");
  });

  test("a PostgreSQL that does not start tells why and where its log is", async () => {
    const dataDir = makeFolder(join(folder, "data"), 0o755);
    const first = startAs({}, dataDir);
    await first.nextLine();
    first.child.kill("SIGTERM");
    await first.ended;
    const control = join(dataDir, "postgres", "cluster", "global", "pg_control");
    accessSync(control, constants.R_OK);
    writeFileSync(control, readFileSync(control).subarray(0, 10));
    const error = await refusal(startAs({}, dataDir));
    expect(error).toMatch(/^PostgreSQL did not start \(\w+\): .*pg_control.*\. Its log is .*postgres\.log\.$/);
    expect(error).not.toContain("\n");
  });
});

function uidOf(pid: number): number {
  return statSync(`/proc/${pid}`).uid;
}
