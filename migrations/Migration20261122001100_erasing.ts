import { Migration } from "@mikro-orm/migrations";

/**
 * Erased connections and firms stay as rows without content, so that what names them by id still finds them. That an erased connection is
 * stopped for good and says nothing about anybody is held here, whatever writes to it later.
 */
export class Migration20261122001100_erasing extends Migration {
  override up(): void {
    this.addSql(`
      alter table firm add column erased_at timestamptz(3);
      alter table calendar_connection
        add column erased_at timestamptz(3),
        add constraint calendar_connection_erased_is_empty check (erased_at is null or (
          status_reason is not distinct from 'DISCONNECTED' and owner_id = 'erased' and account_email = 'erased'
          and calendar_id = 'erased-' || id and calendar_name is null and cursor is null and window_start is null
        ));
    `);
  }
}
