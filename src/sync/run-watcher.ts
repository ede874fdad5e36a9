import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import { isFinishedStatus } from "../attempts/sync-run.entity.js";
import type { SyncRunStatus } from "../attempts/sync.enums.js";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import { prepared } from "../database/prepared-statements.js";

const channel = "sync_run_changed";
const pollMs = 1000;
const reconnectMs = 1000;
const connectTimeoutMs = 5000;

interface RunState {
  status: SyncRunStatus;
  seconds_until_retry: number | null;
}

/**
 * Wakes who waits for a run. The database tells of every change of a run's status (see the trigger on sync_run); a slow poll covers
 * what is missed while the listening connection is down.
 */
export class RunWatcher {
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private readonly stopping = new AbortController();
  private listener: pg.Client | null = null;

  constructor(
    private readonly em: EntityManager,
    private readonly appUrl: string,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.appUrl,
      application_name: "calendar-sync-watcher",
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    });
    client.on("error", () => undefined); // an ended connection is reported by "end" too
    client.on("notification", ({ payload }) => this.changes.emit(String(payload)));
    this.listener = client;
    await client.connect();
    await client.query(`listen ${channel}`);
    // Only now: a connection that never came about ends as well, and whoever tried it tries again.
    client.once("end", () => void this.reconnect());
  }

  /** Who waits is answered at once, with the run as it is. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.listener?.end();
  }

  /** See RunQueue.settled. */
  async settled(firmId: string, runId: string, waitSeconds: number): Promise<void> {
    if (waitSeconds <= 0) return;
    const deadline = performance.now() + waitSeconds * 1000;
    while (!this.stopping.signal.aborted) {
      const leftMs = deadline - performance.now();
      // Listening begins before looking, so that no change falls between the two.
      const change = this.nextChange(`${firmId}:${runId}`, Math.min(leftMs, pollMs));
      const state = await this.stateOf(firmId, runId);
      if (leftMs <= 0 || !state || isSettled(state, leftMs / 1000)) {
        change.cancel();
        return;
      }
      await change.promise;
    }
  }

  private nextChange(key: string, timeoutMs: number): { promise: Promise<void>; cancel: () => void } {
    const over = new AbortController();
    const signal = AbortSignal.any([
      over.signal,
      this.stopping.signal,
      AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs))),
    ]);
    const promise = once(this.changes, key, { signal }).then(
      () => undefined,
      () => undefined,
    );
    return {
      promise,
      cancel: () => {
        over.abort();
      },
    };
  }

  private async stateOf(firmId: string, runId: string): Promise<RunState | undefined> {
    const { rows } = await inFirm(firmId, () =>
      prepared(
        this.em,
        sql<RunState>`
        select status, extract(epoch from next_retry_at - now())::float8 as seconds_until_retry
        from sync_run where firm_id = ${firmId} and id = ${runId}
      `,
      ),
    );
    return rows[0];
  }

  private async reconnect(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await delay(reconnectMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.start();
        return;
      } catch {
        this.log.warn("watcher: the database did not answer, trying again");
        await this.listener?.end().catch(() => undefined);
      }
    }
  }
}

function isSettled(state: RunState, leftSeconds: number): boolean {
  if (isFinishedStatus(state.status) || state.status === "HELD") return true;
  return state.status === "RETRYING" && Number(state.seconds_until_retry) > leftSeconds;
}
