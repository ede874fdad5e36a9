import { Migration } from "@mikro-orm/migrations";
import { appRole, firmPolicies, systemRole } from "./row-level-security.js";

/**
 * The channels over which providers tell of changes: what is needed to recognize a message that comes again, to renew a channel before it
 * expires, and to stop it. Of the secret that comes with a message nothing is stored: it is computed.
 */
export class Migration20261122001400_watch_channels extends Migration {
  override up(): void {
    this.addSql(`
      create table watch_channel (
        firm_id bigint not null,
        id uuid not null,
        connection_id bigint not null,
        channel_id text not null check (length(channel_id) between 1 and 200),
        resource_id text check (length(resource_id) <= 200),
        address text not null check (length(address) <= 2000),
        key_version integer not null check (key_version > 0),
        last_message bigint not null default 0 check (last_message >= 0),
        recent_messages text[] not null default '{}' constraint watch_channel_recent_messages_are_few check (cardinality(recent_messages) <= 64),
        wants_renewal boolean not null default false,
        renewed_at timestamptz(3) not null default now(),
        expires_at timestamptz(3) not null,
        primary key (firm_id, id),
        foreign key (firm_id, connection_id) references calendar_connection (firm_id, id) on delete cascade,
        constraint watch_channel_lives check (expires_at > renewed_at)
      );
      ${firmPolicies("watch_channel")}
      create index watch_channel_of_connection on watch_channel (firm_id, connection_id, expires_at);
      grant select, insert, update, delete on watch_channel to ${appRole};
      grant select (firm_id, id, connection_id, expires_at) on watch_channel to ${systemRole};

      alter table calendar_connection add column watch_refused_until timestamptz(3);
    `);
  }
}
