import { Migration } from "@mikro-orm/migrations";
import { appRole } from "./row-level-security.js";

/** What an import needs: history that is told apart from our own, and identities that go on behind the ids that were kept. */
export class Migration20261122001000_import extends Migration {
  override up(): void {
    this.addSql(`
      -- Of runs that another service has worked on: they have no audit events of ours, and no run before them.
      alter table sync_run add column is_imported boolean not null default false;

      -- The one way for the application's login to move an identity, and only up. Altering the sequence waits for the transactions that
      -- have taken an id from it and holds up new ones, so that nobody takes an id between the look and the change.
      create function lift_identity(table_name text, highest_id bigint) returns void
        language plpgsql security definer set search_path = public, pg_temp as $$
      declare
        identity text;
        reached bigint;
      begin
        if table_name not in ('firm', 'calendar_connection', 'appointment', 'sync_attempt') or highest_id > 4611686018427387904 then
          raise exception 'the identity of % is not lifted to %', table_name, highest_id using errcode = 'invalid_parameter_value';
        end if;
        identity := pg_get_serial_sequence('public.' || table_name, 'id');
        execute format('select last_value - (not is_called)::int from %s', identity) into reached;
        if reached >= highest_id then
          return;
        end if;
        execute format('alter sequence %s cache 1', identity);
        execute format('select last_value - (not is_called)::int from %s', identity) into reached;
        if reached < highest_id then
          perform setval(identity, highest_id);
        end if;
      end $$;
      revoke execute on function lift_identity from public;
      grant execute on function lift_identity to ${appRole};
    `);
  }
}
