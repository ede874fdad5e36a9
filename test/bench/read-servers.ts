import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";
import type { PlantedFault } from "../support/server-process.js";
import { installPostGraphile } from "./install-postgraphile.js";
import type { ReadDatabase } from "./read-database.js";

/** What the servers of a bench have in common. */
export interface ServersScope {
  database: ReadDatabase;
  jwtSecret: string;
}

export interface BenchServer {
  origin: string;
  stop(): Promise<unknown>;
}

export interface ServerOptions {
  /** Changes its code: to measure it without a part of it. */
  planted?: PlantedFault[];
  /** Whether it signs on as a superuser, whom row level security does not concern. Default false. */
  isSuperuser?: boolean;
  /** More variables. */
  environment?: Record<string, string>;
}

/** The server as `npm start` runs it, its API alone, with everything on; its log goes where a bench does not look. */
export function startApiServer(scope: ServersScope, options: ServerOptions = {}): Promise<BenchServer> {
  return start(new URL("../../src/main.ts", import.meta.url), scope, options);
}

const compared = {
  "raw-server": new URL("raw-server.ts", import.meta.url),
  "naive-server": new URL("naive-server.ts", import.meta.url),
  "postgraphile-server": new URL("postgraphile-server.ts", import.meta.url),
};
export type ComparedServer = keyof typeof compared;

/** One of the servers that it is compared with. */
export async function startComparedServer(name: ComparedServer, scope: ServersScope): Promise<BenchServer> {
  const environment: Record<string, string> =
    name === "postgraphile-server"
      ? { POSTGRAPHILE_FOLDER: await installPostGraphile(), GRAPHILE_ENV: "production" }
      : {};
  return start(compared[name], scope, { environment });
}

async function start(
  entry: URL,
  { database, jwtSecret }: ServersScope,
  { planted = [], isSuperuser = false, environment = {} }: ServerOptions,
): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), "calendar-sync-bench-"));
  const env = {
    PATH: process.env["PATH"],
    DATABASE_URL: isSuperuser ? database.superuserUrl : database.postgres.appUrl,
    DATABASE_SYSTEM_URL: database.postgres.systemUrl,
    JWT_SECRET: jwtSecret,
    CREDENTIALS_KEYS: `1:${randomBytes(32).toString("base64")}`,
    ...{ HOST: "127.0.0.1", PORT: "0", ROLES: "api", LOG_PRETTY: "false", LOG_LEVEL: "info", DATA_DIR: folder },
    TEST_PLANTED_FAULTS: JSON.stringify(planted),
    ...environment,
  };
  const started = runTypeScript(entry, [], { env, cwd: folder });
  const stop = async () => {
    started.child.kill("SIGTERM");
    await started.ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (;;) {
      const ready = /ready at (\S+) \(/.exec(await started.nextLine());
      if (!ready) continue;
      void drain(started);
      return { origin: ready[1] ?? "", stop };
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What nobody reads would fill the pipe, and then hold it up. */
async function drain(started: TypeScriptProcess): Promise<void> {
  while ((await started.nextLine().catch(() => null)) !== null);
}
