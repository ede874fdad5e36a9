import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import type { Logger } from "pino";
import type { OutageLimits } from "../connections/outage-limits.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import type { ProviderName } from "../providers/provider.js";
import { isDown, type ProviderTraffic, type RecentAttempts } from "./provider-traffic.js";
import { releaseWaiting } from "./release-waiting.js";

const tickMs = 1000;
/** Of all processes, one counts the recent attempts this often. */
const checkEverySeconds = 2;
const releasedAtOnce = 500;

/** Codes of failures that were this server's own: they tell nothing about the provider. */
export const ownErrorCodes = ["WORKER_LOST", "WORKER_STOPPED", "DATABASE_UNAVAILABLE", "CALL_ABORTED", "CANCELLED"];

interface State {
  provider: ProviderName;
  is_open: boolean;
  is_probe_due: boolean;
}

/**
 * Watches the providers, in every process with a worker: opens the breaker of one that is down, calls a probe when it is time, and lets
 * what has waited go on when it is back. All it knows is in the database, so it does not matter which process does what, or dies.
 */
export class ProviderMonitor {
  private readonly stopping = new AbortController();
  private ticking: Promise<void> = Promise.resolve();

  constructor(
    private readonly systemEm: EntityManager,
    private readonly traffic: ProviderTraffic,
    private readonly limits: OutageLimits,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.ticking = this.tickUntilStopped();
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ticking;
  }

  private async tickUntilStopped(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.tick();
      await delay(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async tick(): Promise<void> {
    try {
      for (const state of await this.states()) await this.look(state);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) this.log.error({ err: error }, "providers: a look at them failed");
      else this.log.warn("providers: the database did not answer, trying again");
    }
  }

  private async states(): Promise<State[]> {
    const { rows } = await sql<State>`
      select provider, breaker_opened_at is not null as is_open,
        coalesce(probe_at <= now() and coalesce(probing_until, '-infinity') <= now(), false) as is_probe_due
      from across_firms.provider_traffic
    `.execute(this.systemEm.getKysely());
    return rows;
  }

  private async look({ provider, is_open: isOpen, is_probe_due: isProbeDue }: State): Promise<void> {
    this.traffic.learn(provider, isOpen);
    if (await this.isMyTurn(provider)) {
      const recent = await this.countRecent(provider);
      if (!isOpen && isDown(recent, this.limits)) {
        await this.traffic.openBreaker(provider, recent);
        return;
      }
      if (isOpen && isProbeDue) await releaseWaiting(this.systemEm, provider, 1);
    }
    if (!isOpen) await this.releaseAll(provider);
  }

  private async isMyTurn(provider: ProviderName): Promise<boolean> {
    const { rows } = await sql`
      update across_firms.provider_traffic set checked_at = now()
      where provider = ${provider} and checked_at <= now() - make_interval(secs => ${checkEverySeconds})
      returning 1
    `.execute(this.systemEm.getKysely());
    return rows.length > 0;
  }

  /** Counts the attempts since the breaker last closed, and notes the first tries, by which the retry budget grows. */
  private async countRecent(provider: ProviderName): Promise<RecentAttempts> {
    const { rows } = await sql<RecentAttempts & { first_tries: number }>`
      with finished as (
        select a.firm_id, a.connection_id, a.retry_count = 0 as is_first, a.finished_at,
          a.error_class is not distinct from 'TRANSIENT' as has_failed,
          a.finished_at > coalesce(t.breaker_closed_at, '-infinity') and coalesce(a.error_code, '') <> all(${ownErrorCodes}) as tells
        from across_firms.provider_traffic t
        join sync_attempt a on a.provider = t.provider
          and a.finished_at > now() - make_interval(secs => greatest(${this.limits.recentSeconds}::float8, 60))
        where t.provider = ${provider}
      )
      select count(*) filter (where is_first and finished_at > now() - interval '1 minute')::int as first_tries,
        count(*) filter (where is_recent)::int as finished,
        count(*) filter (where is_recent and has_failed)::int as failed,
        count(distinct (firm_id, connection_id)) filter (where is_recent and has_failed)::int as "failedConnections"
      from (
        select *, tells and finished_at > now() - make_interval(secs => ${this.limits.recentSeconds}::float8) as is_recent
        from finished
      ) counted
    `.execute(this.systemEm.getKysely());
    const { first_tries: firstTries = 0, ...recent } = rows[0] ?? { finished: 0, failed: 0, failedConnections: 0 };
    await sql`
      update across_firms.provider_traffic set first_tries_per_minute = ${firstTries} where provider = ${provider}
    `.execute(this.systemEm.getKysely());
    return recent;
  }

  private async releaseAll(provider: ProviderName): Promise<void> {
    let released = 0;
    for (let batch = releasedAtOnce; batch === releasedAtOnce && !this.stopping.signal.aborted; released += batch) {
      batch = await releaseWaiting(this.systemEm, provider, releasedAtOnce);
    }
    if (released > 0) this.log.info({ provider, runs: released }, `provider ${provider}: ${released} runs go on`);
  }
}
