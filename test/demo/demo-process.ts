import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askGraphql, type GraphqlAnswer } from "../../src/demo/graphql-client.js";
import type { PlantedFault } from "../support/server-process.js";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";

const main = new URL("../../src/main.ts", import.meta.url);

/** A line of the table that a demo prints after its first sync. */
export interface TableLine {
  connection: string;
  provider: string;
  calendar: string;
  appointments: number;
  comparison: string;
}

/** A data folder of its own, which PostgreSQL may reach that runs as another user. */
export async function newDataFolder(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-demo-"));
  await chmod(dataDir, 0o755);
  return dataDir;
}

export function demoEnvironment(dataDir: string): Record<string, string> {
  return { DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "warn", LOG_PRETTY: "false", NODE_ENV: "test" };
}

/** A server in demo mode, as `npm start` starts it. */
export class DemoProcess {
  private constructor(
    private readonly process: TypeScriptProcess,
    readonly url: string,
    private readonly managerToken: string,
  ) {}

  /** Resolves when it has said where it answers. */
  static async start(environment: Record<string, string>): Promise<DemoProcess> {
    const env = { PATH: process.env["PATH"], ...environment };
    const started = runTypeScript(main, [], { env, cwd: tmpdir() }); // elsewhere than where a developer's .env may lie
    const url = await lineWith(started, /running at (http:\S+)/);
    return new DemoProcess(started, url, await lineWith(started, /MANAGER='(\S+)'/));
  }

  /** The table of the first sync; waits for it. */
  async table(): Promise<TableLine[]> {
    await lineWith(this.process, /^(connection) /);
    const lines: TableLine[] = [];
    for (;;) {
      const line = await this.process.nextLine();
      const [connection = "", provider = "", calendar = "", appointments = "", ...rest] = line.trim().split(/ {2,}/);
      if (connection === "") return lines;
      lines.push({ connection, provider, calendar, appointments: Number(appointments), comparison: rest.join(" ") });
    }
  }

  ask(query: string): Promise<GraphqlAnswer> {
    return askGraphql(this.url, this.managerToken, query);
  }

  /** Its exit code. */
  stop(): Promise<number | NodeJS.Signals> {
    this.process.child.kill("SIGTERM");
    return this.process.ended;
  }
}

/** So that a start is over as soon as it is interrupted, however soon it would be over by itself. */
const impatience = { file: "src/server-process.ts", find: "longestStartMs = 3_000", replace: "longestStartMs = 50" };

/** A start on a new data folder that is interrupted with Ctrl-C while the demo is made. How it ends. */
export async function interruptedStart(
  environment: Record<string, string>,
  planted: PlantedFault[] = [],
): Promise<number | NodeJS.Signals> {
  const faults = { TEST_PLANTED_FAULTS: JSON.stringify([impatience, ...planted]) };
  const env = { PATH: process.env["PATH"], ...environment, LOG_LEVEL: "info", ...faults };
  const started = runTypeScript(main, [], { env, cwd: tmpdir() });
  await lineWith(started, /(making a failure)/);
  started.child.kill("SIGINT");
  return started.ended;
}

async function lineWith(started: TypeScriptProcess, pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(await started.nextLine())?.[1];
    if (found !== undefined) return found;
  }
}

/** Whether a PostgreSQL runs on that data folder, or is just ending. */
export function hasPostgres(dataDir: string): boolean {
  return existsSync(lockFile(dataDir));
}

function lockFile(dataDir: string): string {
  return join(dataDir, "postgres", "cluster", "postmaster.pid");
}

/** The process of a running embedded PostgreSQL. */
export async function postgresProcess(dataDir: string): Promise<number> {
  const file = await readFile(lockFile(dataDir), "utf8");
  return Number(file.split("\n")[0]);
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
