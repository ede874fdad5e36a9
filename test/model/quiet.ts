import { setTimeout as delay } from "node:timers/promises";
import type { TestApp } from "../support/app.js";

const lookEveryMs = 50;
const mostLooks = 1200;

/** Waits for many connections with one question to the database. */
export class Quiet {
  private readonly waiting = new Map<string, { settle: () => void; fail: (error: Error) => void; looks: number }>();
  private isLooking = false;

  constructor(private readonly app: TestApp) {}

  /** Resolves when no pull of the connection is due, and no run of it is queued, running or about to be retried. */
  of(connectionId: string): Promise<void> {
    return new Promise((settle, fail) => {
      this.waiting.set(connectionId, { settle, fail, looks: 0 });
      if (!this.isLooking) void this.look();
    });
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    while (this.waiting.size > 0) {
      const asked = [...this.waiting.keys()];
      const busy = await this.busy(asked);
      for (const id of asked) if (!busy.has(id)) this.settle(id);
      await delay(lookEveryMs);
    }
    this.isLooking = false;
  }

  private settle(id: string): void {
    this.waiting.get(id)?.settle();
    this.waiting.delete(id);
  }

  private async busy(ids: string[]): Promise<Set<string>> {
    const rows = await this.app.sql<{ id: string }>(
      `select id from calendar_connection c where id = any($1) and (next_pull_at <= now() or exists (
         select from sync_run r where r.firm_id = c.firm_id and r.connection_id = c.id
           and (r.status in ('QUEUED', 'RUNNING') or (r.status = 'RETRYING' and r.next_retry_at < now() + interval '5 s'))))`,
      [ids],
    );
    for (const { id } of rows) this.noteLook(id);
    return new Set(rows.map(({ id }) => id));
  }

  private noteLook(id: string): void {
    const waiter = this.waiting.get(id);
    if (!waiter || (waiter.looks += 1) < mostLooks) return;
    this.waiting.delete(id);
    waiter.fail(new Error(`connection ${id} does not come to rest`));
  }
}
