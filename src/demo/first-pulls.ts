import { sql } from "kysely";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork } from "../database/unit-of-work.js";
import { demoFirmId } from "./seed.js";

/** Makes the first pull of the account's connection due now, or of all; one that has had a run keeps its time. */
export async function startFirstPulls(em: EntityManager, account: string | null): Promise<void> {
  await unitOfWork(em, demoFirmId, (unit) =>
    sql`
      update calendar_connection connection set next_pull_at = now()
      where firm_id = ${demoFirmId} and status = 'ACTIVE' and (${account}::text is null or account_email = ${account})
        and not exists (
          select from sync_run run where run.firm_id = connection.firm_id and run.connection_id = connection.id
        )
    `.execute(unit.em.getKysely()),
  );
}

/** Whether the account's connection, or every one, has synced or failed for the first time. */
export async function areFirstPullsOver(em: EntityManager, account: string | null): Promise<boolean> {
  const { rows } = await inFirm(demoFirmId, () =>
    sql`
      select from calendar_connection connection
      where firm_id = ${demoFirmId} and (${account}::text is null or account_email = ${account}) and cursor is null
        and not exists (
          select from sync_attempt attempt
          where attempt.firm_id = connection.firm_id and attempt.connection_id = connection.id and attempt.state = 'OPEN'
        )
      limit 1
    `.execute(em.getKysely()),
  );
  return rows.length === 0;
}
