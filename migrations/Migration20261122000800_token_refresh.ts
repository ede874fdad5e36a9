import { Migration } from "@mikro-orm/migrations";

/**
 * Who may refresh a connection's access token: one process at a time, for as long as it renews its lease. A lock would need a session or a
 * transaction that stays open while the provider is asked.
 */
export class Migration20261122000800_token_refresh extends Migration {
  override up(): void {
    this.addSql(`
      alter table calendar_credential
        add column refresh_lease_id uuid,
        add column refresh_lease_ends_at timestamptz(3),
        add constraint calendar_credential_refresh_lease_ends check ((refresh_lease_id is null) = (refresh_lease_ends_at is null));
    `);
  }
}
