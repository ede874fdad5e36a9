import { sql } from "kysely";
import { connectionHealth } from "../connections/health.js";
import { queueSchema, syncQueue } from "../database/queue-schema.js";
import type { EntityManager } from "../database/orm.js";
import { priorities } from "../sync/queue.js";
import { histogramSamples, type Family, type Sample } from "./exposition.js";
import { connectionStatuses, healthLabels, labelOf, providerLabels, unfinishedStatuses } from "./labels.js";

/** Seconds since a connection's last success, at which the histogram divides them. */
const lagBounds = [60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 259_200, 604_800];

/**
 * What the database says of all firms at once, in a few statements whose cost grows with the connections and the unfinished work,
 * never with the history. On the system login.
 */
export async function sharedFamilies(em: EntityManager, staleAfterSeconds: number): Promise<Family[]> {
  return [
    await connections(em, staleAfterSeconds),
    await lastSuccessAge(em),
    ...(await queue(em)),
    await unfinishedRuns(em),
    ...(await providers(em)),
    await quotas(em),
    await workerPlaces(em),
  ];
}

async function connections(em: EntityManager, staleAfterSeconds: number): Promise<Family> {
  const { rows } = await sql<{ provider: string; status: string; health: string; count: string }>`
    select provider, status, health, count(*) from (
      select c.provider, c.status, ${connectionHealth(staleAfterSeconds)} as health
      from calendar_connection c join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    ) connection
    group by provider, status, health
  `.execute(em.getKysely());
  const samples = rows.map(({ provider, status, health, count }) => ({
    labels: {
      provider: labelOf(providerLabels, provider),
      status: labelOf(connectionStatuses, status),
      health: labelOf(healthLabels, health),
    },
    value: Number(count),
  }));
  return { name: "calendar_sync_connections", help: "Connections of all firms.", type: "gauge", samples };
}

/** Of active connections; one that never had a success counts from its creation. */
async function lastSuccessAge(em: EntityManager): Promise<Family> {
  const { rows } = await sql<{ provider: string; bucket: number; count: string; sum: number }>`
    select provider, width_bucket(age, ${lagBounds}::float8[]) as bucket, count(*), sum(age)::float8 as sum
    from (
      select c.provider, extract(epoch from now() - coalesce(s.last_successful_sync_at, c.created_at))::float8 as age
      from calendar_connection c join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
      where c.status = 'ACTIVE'
    ) connection
    group by provider, bucket
  `.execute(em.getKysely());
  const samples = providerLabels.flatMap((provider) => {
    const own = rows.filter((row) => row.provider === provider);
    const counts = Array.from({ length: lagBounds.length + 1 }, () => 0);
    for (const { bucket, count } of own) counts[bucket] = Number(count);
    return histogramSamples({ provider }, lagBounds, { counts, sum: own.reduce((sum, row) => sum + row.sum, 0) });
  });
  return {
    name: "calendar_sync_last_success_age_seconds",
    help: "Seconds since the last successful attempt of each active connection, as they are now.",
    type: "histogram",
    samples,
  };
}

interface QueueRow {
  priority: number;
  ready: number;
  waiting: number;
  active: number;
  oldest: number;
}

async function queue(em: EntityManager): Promise<Family[]> {
  // Each part has the very condition of one of the queue's indexes, so that finished jobs are not read.
  const jobs = sql.table(`${queueSchema}.job`);
  const { rows } = await sql<QueueRow>`
    select priority, count(*) filter (where is_ready)::int as ready, count(*) filter (where is_waiting)::int as waiting,
      count(*) filter (where is_active)::int as active,
      coalesce(max(extract(epoch from now() - due_at)) filter (where is_ready), 0)::float8 as oldest
    from (
      select priority, start_after <= now() as is_ready, start_after > now() as is_waiting, false as is_active,
        greatest(start_after, created_on) as due_at
      from ${jobs} where name = ${syncQueue} and state < 'active'
      union all
      select priority, false, false, true, null
      from ${jobs} where name = ${syncQueue} and state = 'active' and group_id is not null
    ) job
    group by priority
  `.execute(em.getKysely());
  const classes = Object.entries(priorities).map(([name, priority]) => ({
    priority: name.toUpperCase(),
    row: rows.find((one) => one.priority === priority),
  }));
  const jobsOf = (state: "ready" | "waiting" | "active"): Sample[] =>
    classes.map(({ priority, row }) => ({
      labels: { priority, state: state.toUpperCase() },
      value: row?.[state] ?? 0,
    }));
  return [
    {
      name: "calendar_sync_queue_jobs",
      help: "Jobs that are due (READY), not yet due (WAITING) and being worked on (ACTIVE).",
      type: "gauge",
      samples: [...jobsOf("ready"), ...jobsOf("waiting"), ...jobsOf("active")],
    },
    {
      name: "calendar_sync_queue_oldest_ready_seconds",
      help: "For how long the oldest job has been due that no worker has taken.",
      type: "gauge",
      samples: classes.map(({ priority, row }) => ({ labels: { priority }, value: Math.max(0, row?.oldest ?? 0) })),
    },
  ];
}

async function unfinishedRuns(em: EntityManager): Promise<Family> {
  const { rows } = await sql<{ status: string; count: string }>`
    select status, count(*) from sync_run where status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD') group by status
  `.execute(em.getKysely());
  const counts = new Map(rows.map(({ status, count }) => [status, Number(count)]));
  return {
    name: "calendar_sync_unfinished_runs",
    help: "Runs that have not ended.",
    type: "gauge",
    samples: unfinishedStatuses.map((status) => ({ labels: { status }, value: counts.get(status) ?? 0 })),
  };
}

interface ProviderRow {
  provider: string;
  is_open: boolean;
  failed_probes: number;
  first_tries_per_minute: number;
  budget_delay: number;
  waiting: number;
}

async function providers(em: EntityManager): Promise<Family[]> {
  const { rows } = await sql<ProviderRow>`
    select t.provider, t.breaker_opened_at is not null as is_open, t.failed_probes, t.first_tries_per_minute,
      case when t.retry_slot_at > now() then extract(epoch from t.retry_slot_at - now()) else 0 end::float8 as budget_delay,
      (
        select count(*) from sync_run r
        join calendar_connection c on c.firm_id = r.firm_id and c.id = r.connection_id
        where r.waits_for_provider and c.provider = t.provider
      )::int as waiting
    from across_firms.provider_traffic t
  `.execute(em.getKysely());
  const gauge = (name: string, help: string, value: (row: ProviderRow) => number): Family => ({
    name: `calendar_sync_${name}`,
    help,
    type: "gauge",
    samples: rows.map((row) => ({ labels: { provider: labelOf(providerLabels, row.provider) }, value: value(row) })),
  });
  return [
    gauge("breaker_open", "1 while a provider is taken to be down and only probed.", ({ is_open }) => Number(is_open)),
    gauge("breaker_failed_probes", "Probes that have failed since its breaker opened.", (row) => row.failed_probes),
    gauge("runs_waiting_for_provider", "Runs that an open breaker has put off.", (row) => row.waiting),
    gauge("retry_budget_delay_seconds", "How long a new retry waits for its place.", (row) => row.budget_delay),
    gauge("first_tries_per_minute", "By which the retry budget grows.", (row) => row.first_tries_per_minute),
  ];
}

/** Of each provider's quotas the one used most, so that no mailbox is told. */
async function quotas(em: EntityManager): Promise<Family> {
  const { rows } = await sql<{ provider: string; scope: string; ratio: number }>`
    with slid as (
      select split_part(key, ':', 1) as provider, case split_part(key, ':', 2) when '*' then 'APPLICATION' else 'MAILBOX' end as scope,
        requests, used, used_before, extract(epoch from now())::float8 / window_seconds - window_number as at
      from across_firms.provider_quota
    )
    select provider, scope, max(case
      when at < 1 then used + used_before * (1 - at)
      when at < 2 then used * (2 - at)
      else 0 end / requests)::float8 as ratio
    from slid group by provider, scope
  `.execute(em.getKysely());
  const samples = rows.map(({ provider, scope, ratio }) => ({
    labels: { provider: labelOf(providerLabels, provider), scope: scope === "APPLICATION" ? scope : "MAILBOX" },
    value: Math.max(0, ratio),
  }));
  return {
    name: "calendar_sync_quota_used_ratio",
    help: "The part used of a provider's request quota; of the mailboxes' quotas the one used most.",
    type: "gauge",
    samples,
  };
}

async function workerPlaces(em: EntityManager): Promise<Family> {
  const { rows } = await sql<{ places: number }>`
    select coalesce(sum(concurrency), 0)::int as places from across_firms.worker_process where lease_ends_at > now()
  `.execute(em.getKysely());
  return {
    name: "calendar_sync_worker_places",
    help: "Runs that all live workers together take at once.",
    type: "gauge",
    samples: [{ labels: {}, value: rows[0]?.places ?? 0 }],
  };
}
