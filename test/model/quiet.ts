import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { TestApp } from "../support/app.js";

/** Changes that come in so short a time are looked at together. */
const gatherMs = 20;
/** What no change of a run tells of is seen by then: that a pull which is due finds another one under way. */
const lookEveryMs = 1000;
const mostLooks = 120;

interface Waiter {
  settle: () => void;
  fail: (error: Error) => void;
  looks: number;
}

/** Waits for many firms' connections: the database tells of every change of a run, and those of which it has told are looked at with one question. */
export class Quiet {
  private readonly waiting = new Map<string, Waiter>();
  private readonly changed = new Set<string>();
  private looking: Promise<void> | null = null;
  private readonly everyone: NodeJS.Timeout;

  private constructor(
    private readonly app: TestApp,
    private readonly listener: pg.Client,
  ) {
    listener.on("notification", ({ payload }) => {
      this.note(String(payload?.split(":")[0]));
    });
    this.everyone = setInterval(() => {
      for (const firmId of this.waiting.keys()) this.noteLook(firmId);
    }, lookEveryMs);
  }

  static async start(app: TestApp): Promise<Quiet> {
    const listener = new pg.Client(app.installation.database.superuserUrl);
    await listener.connect();
    await listener.query("listen sync_run_changed");
    return new Quiet(app, listener);
  }

  async stop(): Promise<void> {
    clearInterval(this.everyone);
    await this.looking;
    await this.listener.end();
  }

  /** Resolves when no pull of the firm's connections is due, and no run of them is queued, running or about to be retried. */
  of(firmId: string): Promise<void> {
    return new Promise((settle, fail) => {
      this.waiting.set(firmId, { settle, fail, looks: 0 });
      this.note(firmId);
    });
  }

  private note(firmId: string): void {
    if (!this.waiting.has(firmId)) return;
    this.changed.add(firmId);
    this.looking ??= this.look().finally(() => (this.looking = null));
  }

  private async look(): Promise<void> {
    while (this.changed.size > 0) {
      await delay(gatherMs);
      const asked = [...this.changed];
      this.changed.clear();
      const busy = await this.busy(asked);
      // What has changed since it was asked for is asked for again.
      for (const firmId of asked) if (!busy.has(firmId) && !this.changed.has(firmId)) this.settle(firmId);
    }
  }

  private settle(firmId: string): void {
    this.waiting.get(firmId)?.settle();
    this.waiting.delete(firmId);
  }

  private async busy(firmIds: string[]): Promise<Set<string>> {
    const rows = await this.app.sql<{ firm_id: string }>(
      `select firm_id from calendar_connection where firm_id = any($1) and next_pull_at <= now()
       union all
       select firm_id from sync_run where firm_id = any($1)
         and (status in ('QUEUED', 'RUNNING') or (status = 'RETRYING' and next_retry_at < now() + interval '5 s'))`,
      [firmIds],
    );
    return new Set(rows.map(({ firm_id: firmId }) => firmId));
  }

  private noteLook(firmId: string): void {
    const waiter = this.waiting.get(firmId);
    if (!waiter) return;
    if ((waiter.looks += 1) < mostLooks) {
      this.note(firmId);
      return;
    }
    this.waiting.delete(firmId);
    waiter.fail(new Error(`the connection of firm ${firmId} does not come to rest`));
  }
}
