import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { pino } from "pino";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { livePostmaster, stopPostmaster } from "../../src/database/embedded/postmaster.js";
import { throwAwaySettings } from "../../src/database/embedded/settings.js";
import { runTypeScript } from "../support/typescript-process.js";

const user = new URL("use-embedded.ts", import.meta.url);
const log = pino({ level: "silent" });

// Closed to others (mode 700), as root's home is: PostgreSQL, which root runs as another user, must cope.
let dataDir: string;
let cluster: string;

// Made once and copied: most tests begin with a cluster that exists.
let pristine: string;

beforeAll(async () => {
  pristine = mkdtempSync(join(tmpdir(), "embedded-pristine-"));
  await (await start({ in: pristine })).stop();
});

afterAll(() => {
  rmSync(pristine, { recursive: true, force: true });
});

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "embedded-"));
  copyFolder(pristine, dataDir);
  cluster = join(dataDir, "postgres", "cluster");
});

afterEach(async () => {
  if (existsSync(cluster)) await stopPostmaster(cluster, 10_000);
  // The initdb of a killed server may still be writing.
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function start(options: { restarts?: boolean; in?: string; onWaiting?: () => void } = {}): Promise<EmbeddedPostgres> {
  const { in: folder = dataDir, restarts = false, onWaiting = () => undefined } = options;
  return startEmbeddedPostgres({ dataDir: folder, log, settings: throwAwaySettings, restarts, onWaiting });
}

async function ask<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

function postmasterPid(): number {
  const pid = livePostmaster(cluster)?.pid;
  if (pid === undefined) throw new Error("PostgreSQL does not run");
  return pid;
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  while (livePostmaster(cluster)?.pid === pid) await delay(10);
}

describe("the embedded PostgreSQL", () => {
  test("keeps its data and its port from one start to the next", async () => {
    const first = await start();
    expect(first.adopted).toBe(false);
    await ask(first.ownerUrl, "create table note as select 'kept' as text");
    expect(await first.stop()).toBe(true);
    expect(livePostmaster(cluster)).toBeNull();

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(second.ownerUrl).toBe(first.ownerUrl);
    expect(await ask(second.ownerUrl, "select text from note")).toEqual([{ text: "kept" }]);
    await second.stop();
  });

  test("says when it is waited for, while it does not run yet; where it runs already nobody waits", async () => {
    const seen: unknown[] = [];
    const onWaiting = () => seen.push(existsSync(join(cluster, "postmaster.pid")));
    const started = await start({ onWaiting });
    expect(seen).toEqual([false]);
    const adopted = await start({ onWaiting });
    expect(seen).toEqual([false]);
    await adopted.stop();
    await started.stop();
  });

  test("has UTF-8, UTC, checksums and a database of the owner's, and none of the logins bypasses row level security", async () => {
    const postgres = await start();
    const [settings] = await ask(
      postgres.superuserUrl,
      `select current_setting('server_encoding') as encoding, current_setting('timezone') as zone,
         current_setting('data_checksums') as checksums, current_setting('server_version_num')::int / 10000 as version`,
    );
    expect(settings).toEqual({ encoding: "UTF8", zone: "UTC", checksums: "on", version: 18 });
    const logins = await ask(
      postgres.superuserUrl,
      `select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb as is_mighty,
         rolname = (select datdba::regrole::text from pg_database where datname = 'calendar_sync') as owns
       from pg_roles where rolname like 'calendar_sync%' and rolcanlogin order by rolname`,
    );
    expect(logins).toEqual([
      { rolname: "calendar_sync_app", is_mighty: false, owns: false },
      { rolname: "calendar_sync_owner", is_mighty: false, owns: true },
      { rolname: "calendar_sync_system", is_mighty: false, owns: false },
    ]);
    await postgres.stop();
  });

  test("asks for the password and listens on loopback only", async () => {
    const postgres = await start();
    const wrong = new URL(postgres.appUrl);
    wrong.password = "wrong";
    await expect(ask(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    const [listening] = await ask(
      postgres.superuserUrl,
      "select current_setting('listen_addresses') as tcp, current_setting('unix_socket_directories') as unix",
    );
    expect(listening).toEqual({ tcp: "127.0.0.1", unix: "" });
    await postgres.stop();
  });

  test("keeps passwords and data closed to other users", async () => {
    const postgres = await start();
    const modes = ["", "passwords.json", "postgres.log", "cluster"].map(
      (name) => statSync(join(dataDir, "postgres", name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o700]);
    await postgres.stop();
  });

  test("is stopped by the last that leaves", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect([first.adopted, second.adopted].sort()).toEqual([false, true]);
    expect(await first.stop()).toBe(false);
    expect(await ask(second.appUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await second.stop()).toBe(true);
    expect(await second.stop()).toBe(true);
    expect(livePostmaster(cluster)).toBeNull();
  });

  test("is shared by processes that start and leave at the same time", async () => {
    const users = [1, 2, 3].map(() => runTypeScript(user, [dataDir]));
    const places = await Promise.all(users.map((each) => each.nextLine()));
    const urls = places.map((line) => (JSON.parse(line) as EmbeddedPostgres).appUrl);
    expect(new Set(urls).size).toBe(1);
    for (const each of users) each.child.kill("SIGTERM");
    const left = await Promise.all(users.map((each) => each.nextLine()));
    expect(left.filter((line) => line === '{"stopped":true}')).toHaveLength(1);
    expect(await Promise.all(users.map((each) => each.ended))).toEqual([0, 0, 0]);
    expect(livePostmaster(cluster)).toBeNull();
  });

  test("survives the SIGKILL of its server, and the next one adopts it", async () => {
    const server = runTypeScript(user, [dataDir]);
    const { ownerUrl } = JSON.parse(await server.nextLine()) as EmbeddedPostgres;
    await ask(ownerUrl, "create table note as select 'kept' as text");
    const pid = postmasterPid();
    server.child.kill("SIGKILL");
    expect(await server.ended).toBe("SIGKILL");

    const next = await start();
    expect(next.adopted).toBe(true);
    expect(postmasterPid()).toBe(pid);
    expect(await ask(next.ownerUrl, "select text from note")).toEqual([{ text: "kept" }]);
    expect(await next.stop()).toBe(true);
  });

  test("starts again over the lock of a killed PostgreSQL", async () => {
    const first = await start();
    await kill(postmasterPid());
    expect(existsSync(join(cluster, "postmaster.pid"))).toBe(true);
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await ask(second.appUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    await Promise.all([first.stop(), second.stop()]);
  });

  test("is not confused by a leftover lock whose number a stranger has now", async () => {
    const first = await start();
    await kill(postmasterPid());
    await first.stop();
    const owner = statSync(cluster);
    const stranger = spawn("sleep", ["60"], { uid: owner.uid, gid: owner.gid, stdio: "ignore" });
    const lockFile = join(cluster, "postmaster.pid");
    writeFileSync(lockFile, readFileSync(lockFile, "utf8").replace(/^\d+/, String(stranger.pid)));
    try {
      const second = await start();
      expect(second.adopted).toBe(false);
      await second.stop();
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });

  test("does not mistake the PostgreSQL of the original for that of a copied folder", async () => {
    const original = await start();
    const copy = join(dataDir, "copy");
    mkdirSync(copy);
    await ask(original.superuserUrl, "checkpoint");
    copyFolder(dataDir, copy);
    const copied = await start({ in: copy });
    expect(copied.adopted).toBe(false);
    expect(copied.appUrl).not.toBe(original.appUrl);
    await ask(copied.ownerUrl, "create table only_in_the_copy ()");
    expect(await ask(original.ownerUrl, "select to_regclass('only_in_the_copy') as found")).toEqual([{ found: null }]);
    await copied.stop();
    await original.stop();
  });

  test("is not started a second time in a folder that another container uses", async () => {
    const there = await start();
    writeFileSync(join(dataDir, "postgres", "started-in"), "another-container pid:[1]");
    await kill(postmasterPid()); // from here its processes cannot be seen
    await expect(start()).rejects.toThrow(/is in use from another container or machine/);
    await there.stop();
    const here = await start();
    expect(here.adopted).toBe(false);
    await here.stop();
  });

  test("is started again where it was when it dies under its server", async () => {
    const postgres = await start({ restarts: true });
    await kill(postmasterPid());
    while (livePostmaster(cluster) === null) await delay(50);
    await expect(eventually(() => ask(postgres.appUrl, "select 1 as one"))).resolves.toEqual([{ one: 1 }]);
    expect(await postgres.stop()).toBe(true);
  });

  test("finishes a first start that was killed", async () => {
    rmSync(join(dataDir, "postgres"), { recursive: true });
    const server = runTypeScript(user, [dataDir]);
    while (!isBeingMade()) await delay(5);
    server.child.kill("SIGKILL");
    await server.ended;
    const next = await start();
    expect(await ask(next.appUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    await next.stop();
  });
});

function isBeingMade(): boolean {
  const root = join(dataDir, "postgres");
  const names = existsSync(root) ? readdirSync(root) : [];
  return names.some((name) => name.startsWith("cluster.new-") && existsSync(join(root, name, "global")));
}

/** With owners and modes. */
function copyFolder(from: string, to: string): void {
  const { status } = spawnSync("cp", ["-a", join(from, "postgres"), to]);
  if (status !== 0) throw new Error(`${from} could not be copied`);
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await delay(50);
    }
  }
}
