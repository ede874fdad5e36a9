import { Migration } from "@mikro-orm/migrations";

/** A run tells why it has skipped events: the first of them by id, each with the reason why it cannot be kept. */
export class Migration20261122001300_skipped_events extends Migration {
  override up(): void {
    this.addSql(`
      alter table sync_run add column skipped_events jsonb not null default '[]'
        constraint sync_run_skipped_events_are_few
        check (case when jsonb_typeof(skipped_events) = 'array' then jsonb_array_length(skipped_events) <= 20 else false end);
    `);
  }
}
