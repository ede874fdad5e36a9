import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { failpointsVariable, readHits, type ArmedFailpoint, type FailpointHit } from "./armed-failpoints.js";
import type { TestApp } from "./app.js";
import { clientSecret } from "./secrets.js";
import { runTypeScript, type TypeScriptProcess } from "./typescript-process.js";
import { writtenVariable } from "./written.js";

export interface ServerProcessOptions {
  /** e.g. "worker,scheduler" */
  roles: string;
  armed?: ArmedFailpoint[];
  /** How far its clock is off. */
  clockHours?: number;
  environment?: Readonly<Record<string, string>>;
  /** Makes its code wrong, to see whether a test notices. */
  planted?: PlantedFault | PlantedPattern[] | undefined;
}

/** A place of a source file, where it stands exactly once, and what stands there instead. */
export interface PlantedFault {
  file: string;
  find: string;
  replace: string;
}

/** What a regular expression finds anywhere in the sources, and what stands there instead. */
export interface PlantedPattern {
  pattern: string;
  replace: string;
}

const entry = new URL("server-entry.ts", import.meta.url);

/** A server of the installation, as `npm start` starts it, in a process of its own. */
export class ServerProcess {
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  private hitsAtEnd: FailpointHit[] | null = null;

  private constructor(
    private readonly process: TypeScriptProcess,
    /** Null without an API. */
    readonly url: string | null,
    private readonly folder: string,
  ) {
    this.ended = process.ended.then((outcome) => {
      this.hitsAtEnd = this.hits();
      rmSync(folder, { recursive: true, force: true });
      return outcome;
    });
  }

  /** Resolves when it is ready, or has died or frozen at a failpoint before. */
  static async start(app: TestApp, options: ServerProcessOptions): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), "calendar-sync-process-"));
    const report = join(folder, "failpoints");
    writeFileSync(report, "");
    const { armed = [], clockHours, environment = {}, planted } = options;
    const env = {
      PATH: process.env["PATH"],
      ...environmentOf(app),
      ...environment,
      DATA_DIR: folder,
      ROLES: options.roles,
      TEST_PLANTED_FAULTS: JSON.stringify(planted ? [planted].flat() : []),
      [writtenVariable]: process.env[writtenVariable],
      [failpointsVariable]: JSON.stringify({ report, armed }),
      ...(clockHours === undefined ? {} : { TEST_CLOCK_HOURS: String(clockHours) }),
    };
    const started = runTypeScript(entry, [], { env, cwd: folder });
    const url = await readyAt(started, report).catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    void drain(started);
    return new ServerProcess(started, url, folder);
  }

  get pid(): number {
    return this.process.child.pid ?? 0;
  }

  get isRunning(): boolean {
    const { exitCode, signalCode } = this.process.child;
    return exitCode === null && signalCode === null;
  }

  /** Stopped by SIGSTOP. */
  get isFrozen(): boolean {
    try {
      return readFileSync(`/proc/${this.pid}/stat`, "latin1").includes(") T ");
    } catch {
      return false; // it has ended
    }
  }

  /** Where it has died or frozen, in order. */
  hits(): FailpointHit[] {
    return this.hitsAtEnd ?? readHits(join(this.folder, "failpoints"));
  }

  kill(signal: NodeJS.Signals): void {
    this.process.child.kill(signal);
  }

  /** Stopped by SIGTERM, also when it is frozen. Its exit code. */
  stop(): Promise<number | NodeJS.Signals> {
    this.kill("SIGTERM");
    this.kill("SIGCONT");
    return this.ended;
  }

  /** Ends it at once. */
  async end(): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }
}

/** What a process of the same installation needs to find its database and its simulated providers. */
export function environmentOf({ installation, simulator }: TestApp): Record<string, string> {
  return {
    ...installation.environment,
    NODE_ENV: "test",
    LOG_PRETTY: "false",
    GOOGLE_API_URL: simulator.googleApiUrl,
    GOOGLE_AUTH_URL: simulator.googleAuthUrl,
    GOOGLE_TOKEN_URL: simulator.googleTokenUrl,
    MICROSOFT_CLIENT_ID: "client",
    MICROSOFT_CLIENT_SECRET: clientSecret,
    MICROSOFT_API_URL: simulator.microsoftApiUrl,
    MICROSOFT_LOGIN_URL: simulator.microsoftLoginUrl,
  };
}

/** Its API's address, once it says that it is ready; null where it has none, or has died or frozen before. */
async function readyAt(started: TypeScriptProcess, report: string): Promise<string | null> {
  const watching = new AbortController();
  try {
    const hit = firstHit(report, watching.signal);
    for (;;) {
      const line = await Promise.race([started.nextLine().catch(endedBefore(report)), hit]);
      if (line === null) return null;
      const ready = /"msg":"ready(?: at (\S+))? \(/.exec(line);
      if (ready) return ready[1] ?? null;
    }
  } finally {
    watching.abort();
  }
}

async function firstHit(report: string, signal: AbortSignal): Promise<null> {
  while (!signal.aborted && readHits(report).length === 0) await delay(50);
  return null;
}

function endedBefore(report: string): (error: unknown) => null {
  return (error) => {
    if (readHits(report).length > 0) return null;
    throw error;
  };
}

/** What nobody reads would fill the pipe, and then hold it up. */
async function drain(started: TypeScriptProcess): Promise<void> {
  for (;;) {
    const line = await started.nextLine().catch(() => null);
    if (line === null) return;
    if (process.env["TEST_LOG"] !== undefined) process.stderr.write(`${line}\n`);
  }
}
