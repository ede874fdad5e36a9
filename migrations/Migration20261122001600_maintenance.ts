import { Migration } from "@mikro-orm/migrations";
import { systemRole } from "./row-level-security.js";

/** What `maintain` needs: partitions made ahead, and history that leaves when its time is over; and indexes of lists as they grow. */
export class Migration20261122001600_maintenance extends Migration {
  override up(): void {
    this.addSql(`
      -- Runs leave some time after their end, those of all firms together.
      create index sync_run_by_end on sync_run (finished_at) where status in ('SUCCEEDED', 'CANCELLED');

      -- Of lists: what is rare and looked for.
      create index sync_run_cancelled_of_connection on sync_run (firm_id, connection_id, id desc) where status = 'CANCELLED';
      create index appointment_by_status on appointment (firm_id, status, starts_at, id) where status <> 'CONFIRMED';
      create index audit_event_by_severity on audit_event (firm_id, severity, id desc) where severity <> 'info';

      -- The end of the newest attempt that retention has dropped: an import brings none from before it back.
      alter table connection_statistics add column archived_until timestamptz(3);

      -- Audit events stay append-only for every login. Only retention removes rows, as the owner (nobody else has the right to delete),
      -- and says in its transaction up to when.
      create or replace function refuse_audit_change() returns trigger language plpgsql as $$
      begin
        if tg_op = 'DELETE' and old.created_at < nullif(current_setting('maintain.audit_leaves_before', true), '')::timestamptz then
          return old;
        end if;
        raise exception 'audit events are append-only' using errcode = 'restrict_violation';
      end $$;

      -- One row: when somebody has last maintained this database.
      create table across_firms.maintenance (
        is_only boolean primary key default true check (is_only),
        finished_at timestamptz(3)
      );
      insert into across_firms.maintenance default values;
      grant select on across_firms.maintenance to ${systemRole};
    `);
  }
}
