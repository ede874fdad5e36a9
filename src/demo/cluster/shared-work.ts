import type { LogLine } from "./member-process.js";

/** What the workers' logs tell of how they share the work. */
export class SharedWork {
  private readonly done = new Map<number, number>();
  /** Runs under way, by worker: correlation ids. */
  private readonly underWay = new Map<number, Set<string>>();
  /** Runs whose worker has died, and which one that was. */
  private readonly orphans = new Map<string, number>();

  constructor(private readonly print: (line: string) => void) {}

  join(pid: number): void {
    this.done.set(pid, 0);
    this.underWay.set(pid, new Set());
  }

  /** A line of a worker's log. Says so when a dead worker's run goes on with it. */
  read(pid: number, { msg, correlationId, attemptId }: LogLine): void {
    const [, what] = /^attempt \d+: .* (started|succeeded|failed|stopped|held|was)\b/.exec(msg) ?? [];
    if (what === undefined || correlationId === undefined) return;
    if (what === "started") {
      this.underWay.get(pid)?.add(correlationId);
      this.tellOfOrphan(pid, correlationId, String(attemptId));
      return;
    }
    this.underWay.get(pid)?.delete(correlationId);
    if (what === "succeeded") this.done.set(pid, (this.done.get(pid) ?? 0) + 1);
  }

  /** The worker has died. Returns how many runs it had under way. */
  lose(pid: number): number {
    const lost = this.underWay.get(pid) ?? new Set();
    for (const correlationId of lost) this.orphans.set(correlationId, pid);
    this.underWay.delete(pid);
    return lost.size;
  }

  /** How many runs each worker has done. */
  summary(): string {
    return [...this.done].map(([pid, runs]) => `worker ${pid}: ${runs}`).join(", ");
  }

  private tellOfOrphan(pid: number, correlationId: string, attemptId: string): void {
    const from = this.orphans.get(correlationId);
    if (from === undefined) return;
    this.orphans.delete(correlationId);
    this.print(`run ${correlationId} of the killed worker ${from} goes on with worker ${pid}, as attempt ${attemptId}`);
  }
}
