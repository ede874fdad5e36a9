import { Migration } from "@mikro-orm/migrations";

/** 2026-01-01T00:00:00Z: seconds counted from here fit an advisory lock's number for 68 years. */
const firstSecond = 1_767_225_600;
/** The advisory locks of transactions that change appointments; the number is arbitrary. */
const lockClass = 1_096_847_427;

/**
 * Appointments as a feed of changes of which nothing is missed, and as a view for the host application.
 *
 * A change has the time at which it was written, and whoever writes says first, by a lock that everybody sees until the transaction has
 * ended, from when on. What lies before the earliest of those times is settled: nothing will appear there any more.
 */
export class Migration20261122001000_appointment_changes extends Migration {
  override up(): void {
    this.addSql(`
      create function announce_appointment_changes() returns trigger language plpgsql set search_path = public, pg_temp as $$
      begin
        perform pg_advisory_xact_lock_shared(${lockClass}, (floor(extract(epoch from clock_timestamp())) - ${firstSecond})::int);
        return null;
      end $$;
      create trigger appointment_change_is_announced before insert or update on appointment
        for each statement execute function announce_appointment_changes();

      create function stamp_appointment_change() returns trigger language plpgsql set search_path = public, pg_temp as $$
      begin
        new.updated_at := clock_timestamp();
        return new;
      end $$;
      create trigger appointment_change_is_stamped before insert or update on appointment
        for each row execute function stamp_appointment_change();

      -- Ask it in a statement of its own, before the one that reads: what is committed between the two is then not missed.
      -- The clock comes first: who announces after the look stamps later than that.
      create function appointment_changes_settled_before() returns timestamptz language plpgsql volatile set search_path = public, pg_temp as $$
      declare
        asked_at timestamptz := date_trunc('milliseconds', clock_timestamp());
      begin
        return (
          select least(asked_at, min(to_timestamp(objid::bigint + ${firstSecond})))
          from pg_locks
          where locktype = 'advisory' and classid = ${lockClass} and objsubid = 2
            and database = (select oid from pg_database where datname = current_database())
        );
      end $$;

      -- A contract with the host application: docs/appointments-view.md. A role sees the firm that its name ends with.
      -- The barrier keeps a query's own functions from being shown other firms' rows before those are left out.
      create view appointments_v1 with (security_barrier) as
        select appointment.firm_id, appointment.id, appointment.connection_id, connection.provider, connection.owner_id,
          appointment.external_event_id, appointment.recurring_event_id, appointment.title, appointment.status, appointment.status_reason,
          appointment.starts_at, appointment.ends_at, appointment.is_all_day, appointment.time_zone,
          appointment.created_at, appointment.updated_at
        from appointment
        left join calendar_connection connection
          on connection.firm_id = appointment.firm_id and connection.id = appointment.connection_id
        where appointment.firm_id = substring(current_user from '_firm_([1-9][0-9]{0,17})$')::bigint;
    `);
  }
}
