import { Migration } from "@mikro-orm/migrations";
import { systemRole } from "./row-level-security.js";

/**
 * What keeps an outage from becoming a storm: each provider's retry budget and breaker, each connection's circuit, and what a run waits
 * for. The provider's state belongs to no firm and is kept apart from the tables that do, out of reach of the application's login.
 */
export class Migration20261122000600_outages extends Migration {
  override up(): void {
    this.addSql(`
      create schema across_firms;
      grant usage on schema across_firms to ${systemRole};

      -- One row a provider, updated often and shortly: each statement on it is a transaction of its own.
      create table across_firms.provider_traffic (
        provider text primary key check (provider in ('GOOGLE', 'MICROSOFT')),
        retry_slot_at timestamptz not null default '-infinity',
        first_tries_per_minute integer not null default 0 check (first_tries_per_minute >= 0),
        checked_at timestamptz not null default '-infinity',
        breaker_opened_at timestamptz,
        breaker_closed_at timestamptz,
        probe_at timestamptz,
        probing_until timestamptz,
        failed_probes integer not null default 0 check (failed_probes >= 0),
        constraint provider_traffic_open_breaker_is_probed check ((breaker_opened_at is null) = (probe_at is null)),
        constraint provider_traffic_only_open_breaker_has_probe
          check (breaker_opened_at is not null or (probing_until is null and failed_probes = 0))
      ) with (fillfactor = 20);
      insert into across_firms.provider_traffic (provider) values ('GOOGLE'), ('MICROSOFT');
      grant select, update on across_firms.provider_traffic to ${systemRole};

      -- How a provider has answered of late, over all firms.
      create index sync_attempt_by_end on sync_attempt (provider, finished_at) where finished_at is not null;

      alter table sync_run
        add column has_retry_slot boolean not null default false,
        add column waits_for_provider boolean not null default false;
      create index sync_run_waiting_for_provider on sync_run (firm_id, connection_id, id) where waits_for_provider;
      grant update (waits_for_provider, next_retry_at) on sync_run to ${systemRole};
      grant update (next_retry_at) on sync_attempt to ${systemRole};

      alter table calendar_connection
        add column circuit_failures integer not null default 0 check (circuit_failures >= 0),
        add column circuit_opened_at timestamptz(3),
        add column circuit_reset_at timestamptz(3);
    `);
  }
}
