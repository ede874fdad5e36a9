import { sql } from "kysely";
import { recordForConnections } from "../audit/record.js";
import type { UnitOfWork } from "../database/unit-of-work.js";

interface MergedRow {
  id: string;
  provider: string;
  status: string;
}

/**
 * Adds the firm's connections that are not stored yet, with their tokens, counters and audit events. None has a cursor: the first pull of
 * each active one, at its own moment of the next `spreadSeconds`, lists everything, and the guard against mass cancellation stands.
 */
export async function mergeConnections(unit: UnitOfWork, spreadSeconds: number): Promise<void> {
  const added = await insertConnections(unit, spreadSeconds);
  if (added.length === 0) return;
  const ids = added.map(({ id }) => id);
  await insertCredentials(unit, ids);
  await addArchivedCounts(unit, ids);
  await recordForConnections(unit, {
    eventType: "calendar_connection_imported",
    connections: added.map(({ id, provider, status }) => ({
      id,
      metadata: { provider: provider.toLowerCase(), status: status.toLowerCase() },
    })),
  });
}

async function insertConnections(unit: UnitOfWork, spreadSeconds: number): Promise<MergedRow[]> {
  const { rows } = await sql<MergedRow>`
    insert into calendar_connection (
      firm_id, id, provider, status, status_reason, status_changed_at, owner_id, account_email, calendar_id, calendar_name,
      next_pull_at, created_at, updated_at
    )
    select line.firm_id, line.id, upper(line.provider), upper(line.status), case line.status
        when 'paused' then 'MANAGER'
        when 'revoked' then coalesce(upper(line.status_reason), 'CREDENTIALS_REFUSED')
      end,
      case when line.status <> 'active' then least(line.status_changed_at, ${unit.now}::timestamptz) end,
      line.owner_id, line.account_email, line.calendar_id, line.calendar_name,
      case when line.status = 'active' then
        ${unit.now}::timestamptz + make_interval(secs => (hashint8extended(line.id, 0) & 1048575) * ${spreadSeconds}::float8 / 1048576)
      end,
      coalesce(line.created_at, ${unit.now}::timestamptz), ${unit.now}::timestamptz
    from staged_connection line
    where line.firm_id = ${unit.firmId}
      and not exists (select from calendar_connection stored where stored.firm_id = line.firm_id and stored.id = line.id)
    returning id, provider, status
  `.execute(unit.em.getKysely());
  return rows;
}

async function insertCredentials(unit: UnitOfWork, ids: readonly string[]): Promise<void> {
  await sql`
    insert into calendar_credential (firm_id, connection_id, key_version, refresh_token, scopes, updated_at)
    select line.firm_id, line.id, line.key_version, line.refresh_token, coalesce(line.scopes, '{}'), ${unit.now}::timestamptz
    from staged_connection line
    where line.firm_id = ${unit.firmId} and line.id = any(${ids}::bigint[]) and line.refresh_token is not null
  `.execute(unit.em.getKysely());
}

/** Attempts that the files do not have, as if retention had dropped them. */
async function addArchivedCounts(unit: UnitOfWork, ids: readonly string[]): Promise<void> {
  const counters = ["successes", "transient_failures", "rate_limited_failures", "non_retryable_failures"];
  const sums = counters.flatMap((counter) => [
    sql`${sql.ref(counter)} = counted.${sql.ref(counter)} + line.${sql.ref(counter)}`,
    sql`${sql.ref(`archived_${counter}`)} = counted.${sql.ref(`archived_${counter}`)} + line.${sql.ref(counter)}`,
  ]);
  await sql`
    update connection_statistics counted set ${sql.join(sums)}
    from staged_connection line
    where counted.firm_id = ${unit.firmId} and line.firm_id = counted.firm_id and line.id = counted.connection_id
      and line.id = any(${ids}::bigint[]) and line.successes is not null
  `.execute(unit.em.getKysely());
}
