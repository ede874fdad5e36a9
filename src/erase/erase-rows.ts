import { sql, type RawBuilder } from "kysely";
import { encryptedTables } from "../connections/credential-tables.js";
import type { UnitOfWork } from "../database/unit-of-work.js";

/** A condition on tables that have `connection_id`. */
type Which = RawBuilder<unknown>;

export function ofConnection(connectionId: string): Which {
  return sql`connection_id = ${connectionId}`;
}

/** Everything of the firm, also what belongs to no connection. */
export const ofFirm: Which = sql`true`;

/** Erasing a large calendar outlasts the limit that is set for requests. */
export async function haveTime({ em }: UnitOfWork): Promise<void> {
  await sql`set local statement_timeout = 0`.execute(em.getKysely());
}

/** Erases what the tables hold about people. Returns how many appointments were erased. */
export async function eraseRows(unit: UnitOfWork, which: Which): Promise<number> {
  await eraseEncrypted(unit, which);
  await eraseChannels(unit, which);
  await eraseHistory(unit, which);
  return eraseAppointments(unit, which);
}

/** Removes tokens and whatever else is stored encrypted. */
async function eraseEncrypted({ em, firmId }: UnitOfWork, which: Which): Promise<void> {
  for (const { table } of encryptedTables) {
    await sql`delete from ${sql.table(table)} where firm_id = ${firmId} and ${which}`.execute(em.getKysely());
  }
}

/** What has been made since the channels were ended: at the provider it expires. */
async function eraseChannels({ em, firmId }: UnitOfWork, which: Which): Promise<void> {
  await sql`delete from watch_channel where firm_id = ${firmId} and ${which}`.execute(em.getKysely());
}

/** Runs and attempts keep ids, codes, counts and times: no text of a provider or a manager, and no page of a calendar. */
async function eraseHistory({ em, firmId }: UnitOfWork, which: Which): Promise<void> {
  const kysely = em.getKysely();
  const runs = sql`select id from sync_run where firm_id = ${firmId} and ${which}`;
  await sql`delete from idempotency_key where firm_id = ${firmId} and run_id in (${runs})`.execute(kysely);
  await sql`delete from seen_appointment where firm_id = ${firmId} and run_id in (${runs})`.execute(kysely);
  await sql`
    update sync_run set reason = null, cancel_reason = null, page_token = null, error_summary = error_code, skipped_events = '[]'
    where firm_id = ${firmId} and ${which} and (
      coalesce(reason, cancel_reason, page_token) is not null or error_summary is distinct from error_code
      or skipped_events <> '[]'
    )
  `.execute(kysely);
  await sql`
    update sync_attempt set error_summary = error_code, provider_request_id = null
    where firm_id = ${firmId} and ${which} and (provider_request_id is not null or error_summary is distinct from error_code)
  `.execute(kysely);
}

/** Removes appointments; those that a run names stay as rows without content. Returns how many were erased. */
async function eraseAppointments({ em, firmId }: UnitOfWork, which: Which): Promise<number> {
  const kysely = em.getKysely();
  const ofRun = sql`exists (select from sync_run r where r.firm_id = appointment.firm_id and r.appointment_id = appointment.id)`;
  const removed = await sql`
    delete from appointment where firm_id = ${firmId} and ${which} and not ${ofRun}
  `.execute(kysely);
  const emptied = await sql`
    update appointment set title = 'erased', status = 'CANCELLED', status_reason = 'ERASED', external_event_id = null,
      recurring_event_id = null, event_key = null, unpushed_fields = '{}', time_zone = null, is_all_day = false, starts_at = 'epoch', ends_at = 'epoch', updated_at = now()
    where firm_id = ${firmId} and ${which} and status_reason is distinct from 'ERASED'
  `.execute(kysely);
  return Number(removed.numAffectedRows ?? 0n) + Number(emptied.numAffectedRows ?? 0n);
}
