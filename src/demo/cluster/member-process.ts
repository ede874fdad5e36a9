import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

export type MemberRole = "api" | "worker" | "scheduler";

/** A line of a server's log, as far as it is read here. */
const logLine = z.object({ msg: z.string(), correlationId: z.string().optional(), attemptId: z.string().optional() });
export type LogLine = z.infer<typeof logLine>;

/** Longer than a server takes to stop by itself. */
const stopPatienceMs = 25_000;

/** A server process of the cluster, with one role. */
export class MemberProcess {
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  private complaint = "";
  private address: string | null = null;

  private constructor(
    readonly role: MemberRole,
    private readonly child: ChildProcess,
    onLine: (line: LogLine) => void,
  ) {
    this.ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    child.stderr?.on("data", (chunk: Buffer) => {
      this.complaint += chunk.toString();
    });
    if (child.stdout)
      createInterface({ input: child.stdout }).on("line", (text) => {
        this.read(text, onLine);
      });
  }

  /**
   * Resolves when it is ready. It runs `program` (see member.ts), is given this environment alone and works in `folder`, so that nobody's `.env` reaches it, and the
   * terminal's Ctrl-C does not: whoever has started it ends it.
   * @throws Error with what it wrote when it ends before
   */
  static async start(
    role: MemberRole,
    given: { program: string; environment: Record<string, string>; folder: string; onLine: (line: LogLine) => void },
  ): Promise<MemberProcess> {
    const child = spawn(process.execPath, [...process.execArgv, given.program], {
      env: { ...given.environment, ROLES: role },
      cwd: given.folder,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    const member = new MemberProcess(role, child, given.onLine);
    await member.ready();
    return member;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Where its API answers; null without one. */
  get url(): string | null {
    return this.address;
  }

  /** Ends it, at once where it does not end by itself. */
  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    const patience = new AbortController();
    const late = delay(stopPatienceMs, "late", { signal: patience.signal, ref: false }).catch(() => "ended");
    if ((await Promise.race([this.ended, late])) === "late") this.child.kill("SIGKILL");
    await this.ended;
    patience.abort();
  }

  private async ready(): Promise<void> {
    const outcome = await Promise.race([once(this.child, "ready"), this.ended]);
    if (!Array.isArray(outcome)) {
      throw new Error(`a process with the role ${this.role} ended with ${outcome}: ${this.complaint.trim()}`);
    }
  }

  private read(text: string, onLine: (line: LogLine) => void): void {
    const line = parsedLine(text);
    if (!line) return;
    const ready = /^ready(?: at (\S+))? \(/.exec(line.msg);
    if (ready) {
      this.address = ready[1] ?? null;
      this.child.emit("ready");
    }
    onLine(line);
  }
}

function parsedLine(text: string): LogLine | null {
  try {
    return logLine.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
