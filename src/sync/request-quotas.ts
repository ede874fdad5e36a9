import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { prepared } from "../database/prepared-statements.js";
import type { RequestQuota } from "../providers/provider.js";

/** A quota and what its requests are counted under. */
export interface CountedQuota extends RequestQuota {
  key: string;
}

/**
 * Counts the requests to the providers over all processes, by the database's clock. A window slides: of the one before, the part that
 * is still within the last `windowSeconds` counts. Each statement is a transaction of its own, so that nobody waits for an attempt.
 */
export class RequestQuotas {
  constructor(private readonly systemEm: EntityManager) {}

  /** Leases so many requests from every quota; false leases none. */
  async lease(quotas: readonly CountedQuota[], requests: number): Promise<boolean> {
    if (quotas.some((quota) => quota.requests < requests)) return false;
    const leased = await this.add(quotas, requests);
    if (leased.length === quotas.length) return true;
    await this.giveBack(leased, requests);
    return false;
  }

  async giveBack(keys: readonly string[], requests: number): Promise<void> {
    if (keys.length === 0 || requests === 0) return;
    await prepared(
      this.systemEm,
      sql`
      update across_firms.provider_quota set used = greatest(0, used - ${requests}::integer) where key = any(${[...keys]})
    `,
    );
  }

  /** Until every quota has a request left again, if nobody else takes it. */
  async secondsUntilOneIsLeft(quotas: readonly CountedQuota[]): Promise<number> {
    const { rows } = await sql<{ seconds: number }>`
      with slid as (
        select requests, window_seconds, extract(epoch from now())::float8 / window_seconds - window_number as at, used, used_before
        from across_firms.provider_quota where key = any(${quotas.map(({ key }) => key)})
      )
      select coalesce(max(window_seconds * (case
        when used >= requests then 2 - (requests - 1)::float8 / used
        when used_before > 0 then 1 - (requests - 1 - used)::float8 / used_before
        else 0 end - at)), 0)::float8 as seconds
      from slid
    `.execute(this.systemEm.fork().getKysely());
    return Math.max(0, rows[0]?.seconds ?? 0);
  }

  /** Returns the keys of the quotas that had so many left. Always in the same order, so that two leases do not block each other. */
  private async add(quotas: readonly CountedQuota[], requests: number): Promise<string[]> {
    const ordered = quotas.toSorted((one, other) => (one.key < other.key ? -1 : 1));
    const { rows } = await prepared(
      this.systemEm,
      sql<{ key: string }>`
      insert into across_firms.provider_quota as quota (key, requests, window_seconds, window_number, used, used_before)
      select key, requests, window_seconds, floor(extract(epoch from now()) / window_seconds), ${requests}, 0
      from unnest(
        ${ordered.map(({ key }) => key)}::text[],
        ${ordered.map((quota) => quota.requests)}::integer[],
        ${ordered.map(({ windowSeconds }) => windowSeconds)}::integer[]
      ) as asked (key, requests, window_seconds)
      on conflict (key) do update set
        requests = excluded.requests,
        window_seconds = excluded.window_seconds,
        window_number = greatest(quota.window_number, excluded.window_number),
        used = ${usedInWindow} + excluded.used,
        used_before = ${usedBefore}
      where ${usedInWindow} + ${usedBefore} * ${restOfWindow} + excluded.used <= excluded.requests
      returning key
    `,
    );
    return rows.map(({ key }) => key);
  }
}

/** Another process may have begun the next window since this statement did. */
const usedInWindow = sql`case when quota.window_number >= excluded.window_number then quota.used else 0 end`;
const usedBefore = sql`case
  when quota.window_number >= excluded.window_number then quota.used_before
  when quota.window_number = excluded.window_number - 1 then quota.used
  else 0 end`;
const restOfWindow = sql`(1 - (extract(epoch from now())::float8 / excluded.window_seconds - excluded.window_number))`;
