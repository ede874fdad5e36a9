import { Migration } from "@mikro-orm/migrations";
import { appRole, firmPolicies, systemRole } from "./row-level-security.js";

/** What clients have asked for under a key of their own, so that asking again does not do it again. */
export class Migration20261122000500_idempotency_keys extends Migration {
  override up(): void {
    this.addSql(`
      create table idempotency_key (
        firm_id bigint not null,
        user_id text not null,
        operation text not null check (operation in ('resyncConnection', 'resyncAppointment', 'replayAttempt')),
        key text not null check (length(key) between 1 and 255),
        arguments_hash bytea not null check (length(arguments_hash) = 32),
        run_id bigint not null,
        created_at timestamptz(3) not null default now(),
        primary key (firm_id, user_id, operation, key),
        -- a run that is erased takes its keys along
        foreign key (firm_id, run_id) references sync_run (firm_id, id) on delete cascade
      );
      ${firmPolicies("idempotency_key")}
      create index idempotency_key_of_run on idempotency_key (firm_id, run_id);
      create index idempotency_key_by_age on idempotency_key (created_at);
      grant select, insert, update, delete on idempotency_key to ${appRole};
      grant select, delete on idempotency_key to ${systemRole};
    `);
  }
}
