import { Migration } from "@mikro-orm/migrations";

/** A run that waits for the end of another has no job that could keep where it comes from, so it keeps that itself. */
export class Migration20261122001110_waiting_origin extends Migration {
  override up(): void {
    this.addSql(`alter table sync_run add column origin jsonb`);
  }
}
