import { Migration } from "@mikro-orm/migrations";
import { systemRole } from "./row-level-security.js";

/**
 * What the system login may read, column by column: what scheduling, verify, status, metrics and the list of firms read, and nothing of
 * titles, times, names of calendars, cursors or the older answers of providers. Each list is what the parse trees of the release before and
 * of this one name, so that processes of both go on working.
 */
export class Migration20261122001500_system_rights extends Migration {
  override up(): void {
    for (const [table, columns] of Object.entries(readColumns)) {
      this.addSql(`
        revoke select on ${table} from ${systemRole};
        grant select (${columns}) on ${table} to ${systemRole};
      `);
    }
    this.addSql(`
      revoke select (id) on watch_channel from ${systemRole};
      revoke delete on across_firms.provider_quota from ${systemRole};
    `);
  }
}

const readColumns = {
  firm: "id, name",
  calendar_connection: `firm_id, id, provider, status, status_reason, status_changed_at, account_email, next_pull_at, circuit_failures,
    circuit_opened_at, created_at, erased_at`,
  appointment:
    "firm_id, id, connection_id, external_event_id, status, status_reason, unpushed_fields, pushed_at, updated_at",
  sync_run: `firm_id, id, correlation_id, connection_id, appointment_id, operation, direction, trigger, status, start_date, requested_by_id, reason,
    fence, job_id, retry_count, lost_workers, last_attempt_id, open_failure_id, replay_of_id, cancel_requested_by_id, is_full_round, seen_count,
    created_count, updated_count, cancelled_count, error_class, error_code, error_summary, has_retry_slot, waits_for_provider, next_retry_at,
    is_imported, created_at, started_at, finished_at`,
  sync_attempt: `firm_id, id, run_id, connection_id, appointment_id, correlation_id, provider, operation, direction, status, state, error_class,
    error_code, error_summary, retry_count, max_retries_reached, next_retry_at, replay_of_id, resolved_by_id, request_count, started_at, finished_at`,
  idempotency_key: "firm_id, user_id, operation, key, run_id, created_at",
  seen_appointment: "firm_id, run_id",
  audit_event:
    "firm_id, id, event_type, severity, actor_id, resource_type, resource_id, correlation_id, metadata, created_at",
};
