import { sql, type RawBuilder } from "kysely";
import type { Logger } from "pino";
import type { Admission, ProviderGate, StartKind } from "../attempts/provider-gate.js";
import type { OutageLimits } from "../connections/outage-limits.js";
import type { EntityManager } from "../database/orm.js";
import { prepared } from "../database/prepared-statements.js";
import type { ProviderName } from "../providers/provider.js";

/** How attempts of one provider have ended of late, over all firms. */
export interface RecentAttempts {
  /** Finished ones that the provider has had a part in. */
  finished: number;
  /** Of them, those that failed transiently. */
  failed: number;
  /** Whose connections so many different ones were. */
  failedConnections: number;
}

/** Whether it is the provider that is down, not some of its connections. */
export function isDown(recent: RecentAttempts, limits: OutageLimits): boolean {
  return (
    recent.failedConnections >= limits.breakerConnections && recent.failed > recent.finished * limits.breakerFailedShare
  );
}

/**
 * The retry budget and the breaker of each provider, one row for all processes, on the system login. Every statement is a transaction of
 * its own and decides by the database's clock; a process that dies between two of them costs a place in the budget, or the time of
 * a probe's lease, and loses nothing.
 */
export class ProviderTraffic implements ProviderGate {
  private readonly shut = new Set<ProviderName>();

  constructor(
    private readonly systemEm: EntityManager,
    private readonly limits: OutageLimits,
    private readonly log: Logger,
  ) {}

  isShut(provider: ProviderName): boolean {
    return this.shut.has(provider);
  }

  /** What the database says of the breaker, for `isShut`. */
  learn(provider: ProviderName, isShut: boolean): void {
    if (isShut) this.shut.add(provider);
    else this.shut.delete(provider);
  }

  async ask(provider: ProviderName, as: StartKind): Promise<Admission> {
    if (!this.isShut(provider)) {
      const admission = as === "RETRY" ? await this.reserveRetry(provider) : startsAtOnce;
      if (admission) return admission;
    }
    return (await this.startProbe(provider, as)) ?? this.afterBreaker(provider, as);
  }

  /**
   * Takes the next place in the retry budget: a place is as far from the one before as the budget takes to grow by one, and places
   * that were not taken are kept up to the burst. So every retry is put off once at most, to a place of its own. Null while the
   * breaker is open.
   */
  async reserveRetry(provider: ProviderName): Promise<Admission | null> {
    const { retriesPerSecond, retriesPerFirstTry, retryBurst } = this.limits;
    const step = sql`make_interval(
      secs => 1 / greatest(${retriesPerSecond}::float8, first_tries_per_minute * ${retriesPerFirstTry}::float8 / 60)
    )`;
    const row = await this.change<{ at: string; is_due: boolean }>(
      provider,
      sql`retry_slot_at = greatest(retry_slot_at, now() - ${retryBurst}::float8 * ${step}) + ${step}`,
      sql`breaker_opened_at is null`,
      sql`retry_slot_at::timestamptz(3) as at, retry_slot_at <= now() as is_due`,
    );
    if (!row) return null;
    return row.is_due ? startsAtOnce : { kind: "WAIT_FOR_BUDGET", at: new Date(row.at) };
  }

  /** The provider has answered a probe: its breaker closes. Returns whether it was open. */
  async closeBreaker(provider: ProviderName): Promise<boolean> {
    const row = await this.change(
      provider,
      sql`breaker_opened_at = null, breaker_closed_at = now(), probe_at = null, probing_until = null, failed_probes = 0`,
      sql`breaker_opened_at is not null`,
      sql`1`,
    );
    this.learn(provider, false);
    if (row) this.log.warn({ provider }, `provider ${provider}: it answers again, what has waited for it is due`);
    return row !== undefined;
  }

  /** A probe has failed: the next one comes after twice as long. */
  async postponeProbe(provider: ProviderName): Promise<void> {
    const { firstProbeSeconds, longestProbeSeconds } = this.limits;
    await this.change(
      provider,
      sql`failed_probes = failed_probes + 1, probing_until = null,
        probe_at = now() + make_interval(
          secs => least(${firstProbeSeconds}::float8 * 2 ^ least(failed_probes + 1, 30), ${longestProbeSeconds}::float8))`,
      sql`breaker_opened_at is not null`,
      sql`1`,
    );
  }

  async giveUpProbe(provider: ProviderName): Promise<void> {
    await this.change(provider, sql`probing_until = null`, sql`breaker_opened_at is not null`, sql`1`);
  }

  /** Returns whether it was this call that opened it. */
  async openBreaker(provider: ProviderName, recent: RecentAttempts): Promise<boolean> {
    const row = await this.change(
      provider,
      sql`breaker_opened_at = now(), probe_at = now() + make_interval(secs => ${this.limits.firstProbeSeconds}::float8)`,
      sql`breaker_opened_at is null`,
      sql`1`,
    );
    this.learn(provider, true);
    if (row) {
      const { failed, finished, failedConnections } = recent;
      this.log.warn(
        { provider, ...recent },
        `provider ${provider}: ${failed} of the last ${finished} attempts failed, with ${failedConnections} connections; it is only probed until it answers`,
      );
    }
    return row !== undefined;
  }

  /** One probe at a time; a manager need not wait for the time of the next one. Null where none may start now. */
  private async startProbe(provider: ProviderName, as: StartKind): Promise<Admission | null> {
    const row = await this.change(
      provider,
      sql`probing_until = now() + make_interval(secs => ${this.limits.probeLeaseSeconds}::float8)`,
      sql`breaker_opened_at is not null and coalesce(probing_until, '-infinity') <= now()
        and (probe_at <= now() or ${as === "MANAGER"})`,
      sql`1`,
    );
    return row ? { kind: "START", isProbe: true } : null;
  }

  /** Behind an open breaker; the breaker may have closed since this process last looked. */
  private async afterBreaker(provider: ProviderName, as: StartKind): Promise<Admission> {
    // A manager's run is not left until the provider is back: it is the next to probe.
    const { firstProbeSeconds, longestProbeSeconds } = this.limits;
    const seconds =
      as === "MANAGER" ? sql`${firstProbeSeconds}::float8` : sql`${longestProbeSeconds}::float8 * (1 + random())`;
    const { rows } = await sql<{ is_open: boolean; at: string }>`
      select breaker_opened_at is not null as is_open, (now() + make_interval(secs => ${seconds}))::timestamptz(3) as at
      from across_firms.provider_traffic where provider = ${provider}
    `.execute(this.systemEm.getKysely());
    const [row] = rows;
    if (!row) throw new Error(`across_firms.provider_traffic has no row of ${provider}`);
    this.learn(provider, row.is_open);
    if (row.is_open) return { kind: "WAIT_FOR_PROVIDER", at: new Date(row.at) };
    return as === "RETRY"
      ? ((await this.reserveRetry(provider)) ?? { kind: "WAIT_FOR_PROVIDER", at: new Date(row.at) })
      : startsAtOnce;
  }

  /** One statement on the provider's row. Undefined where the condition does not hold. */
  private async change<Row>(
    provider: ProviderName,
    assignments: RawBuilder<unknown>,
    condition: RawBuilder<unknown>,
    returning: RawBuilder<unknown>,
  ): Promise<Row | undefined> {
    const statement = sql<Row>`
      update across_firms.provider_traffic set ${assignments}
      where provider = ${provider} and ${condition} returning ${returning}
    `;
    const { rows } = await prepared(this.systemEm, statement);
    return rows[0];
  }
}

const startsAtOnce: Admission = { kind: "START", isProbe: false };
