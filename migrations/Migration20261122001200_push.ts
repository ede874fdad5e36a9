import { Migration } from "@mikro-orm/migrations";

/**
 * Changes of our own side, on their way to the provider. A field that is not pushed yet keeps our value whatever a pull tells; the version
 * tells a push whether the appointment has changed again while the provider was asked.
 */
export class Migration20261122001200_push extends Migration {
  override up(): void {
    this.addSql(`
      alter table appointment
        add column event_key uuid,
        add column unpushed_fields text[] not null default '{}',
        add column local_version integer not null default 0,
        add column pushed_at timestamptz(3),
        add constraint appointment_unpushed_fields_check check (unpushed_fields <@ array['title', 'status', 'times']),
        add constraint appointment_unpushed_has_connection check (unpushed_fields = '{}' or connection_id is not null),
        add constraint appointment_local_version check (local_version >= 0);
      -- By the key an event is found that was made although its answer was lost.
      create unique index appointment_event_key on appointment (firm_id, connection_id, event_key) where event_key is not null;

      alter table idempotency_key
        drop constraint idempotency_key_operation_check,
        add constraint idempotency_key_operation_check check (operation in (
          'resyncConnection', 'resyncAppointment', 'replayAttempt', 'createAppointment', 'updateAppointment', 'cancelAppointment'
        ));
    `);
  }
}
