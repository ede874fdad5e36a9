import { sql } from "kysely";
import type { Logger } from "pino";
import type { EntityManager } from "../database/orm.js";

export interface IntervalOptions {
  /** Between two pulls of a connection, as long as the provider's daily quota allows it. */
  intervalSeconds: number;
  googleDailyRequests: number;
}

const secondsPerDay = 86_400;
const measureEveryMs = 60_000;
/** The other half is left to notifications, managers and retries. */
const plannedPart = 0.5;
/** An interval is stretched in steps, so that it does not change with every measurement. */
const step = 1.1;

/** How long connections wait between two pulls. Google's daily quota stretches it when there are many connections. */
export class PullIntervals {
  googleSeconds: number;
  private measuredAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly systemEm: EntityManager,
    private readonly options: IntervalOptions,
    private readonly log: Logger,
  ) {
    this.googleSeconds = options.intervalSeconds;
  }

  get seconds(): number {
    return this.options.intervalSeconds;
  }

  /** Measures anew once a minute. */
  async refresh(): Promise<void> {
    if (performance.now() - this.measuredAt < measureEveryMs) return;
    const googleSeconds = stretchedSeconds(this.options, await this.googleRequestsPerRound());
    this.measuredAt = performance.now();
    if (googleSeconds === this.googleSeconds) return;
    this.googleSeconds = googleSeconds;
    this.log.info({ googleSeconds }, `scheduler: Google connections are pulled every ${googleSeconds} seconds`);
  }

  /** What one pull of every active Google connection costs, as the recent ones did: at least a request each. */
  private async googleRequestsPerRound(): Promise<number> {
    const { rows } = await sql<{ requests: number }>`
      select (
        select count(*) from calendar_connection where provider = 'GOOGLE' and status = 'ACTIVE'
      ) * greatest(1, (
        select avg(request_count) from (
          select request_count from sync_attempt
          where provider = 'GOOGLE' and finished_at > now() - interval '1 hour' and operation = 'LIST_CHANGES' and status = 'SUCCESS'
          order by finished_at desc limit 1000
        ) recent
      ))::float8 as requests
    `.execute(this.systemEm.fork().getKysely());
    return rows[0]?.requests ?? 0;
  }
}

/** The shortest interval, not below the wanted one, in which rounds of so many requests use at most half of the day's. */
export function stretchedSeconds(options: IntervalOptions, requestsPerRound: number): number {
  const { intervalSeconds, googleDailyRequests } = options;
  const shortest = (requestsPerRound * secondsPerDay) / (googleDailyRequests * plannedPart);
  if (shortest <= intervalSeconds) return intervalSeconds;
  const steps = Math.ceil(Math.log(shortest / intervalSeconds) / Math.log(step));
  return Math.ceil(intervalSeconds * step ** steps);
}
