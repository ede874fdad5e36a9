import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { queueSchema } from "../database/queue-schema.js";
import { instant } from "./of-firm.js";

export interface ProviderTrafficStatus {
  provider: string;
  /** OPEN: the provider is down and only probed; PROBING: a probe is under way. */
  breaker: "CLOSED" | "OPEN" | "PROBING";
  openedAt: string | null;
  nextProbeAt: string | null;
  failedProbes: number;
  firstTriesPerMinute: number;
  /** How far the retry budget puts a retry off that asks for a place now. */
  retriesPutOffSeconds: number;
  runsWaiting: number;
}

/** Each provider's breaker and retry budget; see docs/retries-and-outages.md. */
export async function providerTraffic(em: EntityManager): Promise<ProviderTrafficStatus[]> {
  const { rows } = await sql<ProviderTrafficStatus>`
    select provider,
      case when breaker_opened_at is null then 'CLOSED' when probing_until > now() then 'PROBING' else 'OPEN' end as breaker,
      ${instant("breaker_opened_at")} as "openedAt", ${instant("probe_at")} as "nextProbeAt", failed_probes as "failedProbes",
      first_tries_per_minute as "firstTriesPerMinute",
      case when isfinite(retry_slot_at) then greatest(0, round(extract(epoch from retry_slot_at - now())))::int else 0 end
        as "retriesPutOffSeconds",
      (
        select count(*)::int from sync_run r
        join calendar_connection c on c.firm_id = r.firm_id and c.id = r.connection_id
        where r.waits_for_provider and c.provider = t.provider
      ) as "runsWaiting"
    from across_firms.provider_traffic t order by provider
  `.execute(em.getKysely());
  return rows;
}

export interface QuotaStatus {
  provider: string;
  windowSeconds: number;
  /** Leased in the window under way, and allowed. */
  used: number;
  allowed: number;
}

/** What this application may ask of each provider; mailboxes have quotas of their own, which are not told. */
export async function providerQuotas(em: EntityManager): Promise<QuotaStatus[]> {
  const { rows } = await sql<QuotaStatus>`
    select split_part(key, ':', 1) as provider, window_seconds as "windowSeconds", requests as allowed,
      case when window_number = floor(extract(epoch from now()) / window_seconds) then used else 0 end as used
    from across_firms.provider_quota where key like '%:*:%' order by key
  `.execute(em.getKysely());
  return rows;
}

export interface Processes {
  /** Processes that hold a worker's lease now, and how many runs they work on at once. */
  workers: number;
  workerPlaces: number;
  /** Every process that has not said that it stops; one that has died is `isSeen: false`. */
  seen: ProcessStatus[];
}

export interface ProcessStatus {
  host: string;
  pid: number;
  isWorker: boolean;
  startedAt: string | null;
  lastSeenSeconds: number;
  isSeen: boolean;
}

/** A process of the queue tells of itself at intervals; after three that it has missed it is taken for dead, and after a day forgotten. */
export async function processes(em: EntityManager): Promise<Processes> {
  const { rows: leases } = await sql<{ workers: number; places: number }>`
    select count(*)::int as workers, coalesce(sum(concurrency), 0)::int as places
    from across_firms.worker_process where lease_ends_at > now()
  `.execute(em.getKysely());
  const { rows: seen } = await sql<ProcessStatus>`
    select host, pid, supervise as "isWorker", ${instant("started_on")} as "startedAt",
      round(extract(epoch from now() - heartbeat_on))::int as "lastSeenSeconds",
      heartbeat_on >= now() - heartbeat_seconds * interval '3 seconds' as "isSeen"
    from ${sql.table(`${queueSchema}.instance`)}
    where stopped_on is null and heartbeat_on > now() - interval '1 day' order by host, pid
  `.execute(em.getKysely());
  return { workers: leases[0]?.workers ?? 0, workerPlaces: leases[0]?.places ?? 0, seen };
}
