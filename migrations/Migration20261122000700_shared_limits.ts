import { Migration } from "@mikro-orm/migrations";
import { systemRole } from "./row-level-security.js";

/**
 * What all processes share to keep limits over all firms. Unlogged: after a crash of PostgreSQL it is empty, and told anew within
 * seconds or forgotten with its window.
 */
export class Migration20261122000700_shared_limits extends Migration {
  override up(): void {
    this.addSql(`
      create schema if not exists across_firms;
      grant usage on schema across_firms to ${systemRole};

      -- The processes that work on runs, each for as long as it renews its lease.
      create unlogged table across_firms.worker_process (
        id uuid primary key,
        concurrency integer not null check (concurrency > 0),
        lease_ends_at timestamptz(3) not null
      );
      grant select, insert, update, delete on across_firms.worker_process to ${systemRole};

      -- Requests leased from a provider's quota, in the window under way and in the one before it. A mailbox is known by its hash.
      create unlogged table across_firms.provider_quota (
        key text primary key,
        requests integer not null check (requests > 0),
        window_seconds integer not null check (window_seconds > 0),
        window_number bigint not null,
        used integer not null check (used >= 0),
        used_before integer not null check (used_before >= 0)
      ) with (fillfactor = 50);
      grant select, insert, update, delete on across_firms.provider_quota to ${systemRole};
    `);
  }
}
