import { sql } from "kysely";
import { credentialColumns, type StoredCredentials } from "../connections/credentials.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { prepared } from "../database/prepared-statements.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { SyncRun } from "./sync-run.entity.js";

export interface InsertedAttempt {
  attemptId: string;
  /** Null where the connection has none. */
  credentials: StoredCredentials | null;
}

/** Writes an attempt at the run that is under way from now on. Returns its id, and what its worker asks the provider with. */
export async function insertAttempt(
  unit: UnitOfWork,
  run: SyncRun,
  { provider }: CalendarConnection,
): Promise<InsertedAttempt> {
  const insert = sql<{ attempt_id: string; credentials: number | null } & StoredCredentials>`
    with attempt as (
      insert into sync_attempt (
        firm_id, run_id, connection_id, appointment_id, provider, operation, direction, retry_count, replay_of_id, started_at, correlation_id
      ) values (
        ${unit.firmId}, ${run.id}, ${run.connectionId}, ${run.appointmentId}, ${provider}, ${run.operation}, ${run.direction},
        ${run.retryCount}, ${run.replayOfId}, ${unit.now}, ${run.correlationId}
      )
      returning id, firm_id, connection_id
    )
    select attempt.id as attempt_id, credential.connection_id as credentials, ${credentialColumns}
    from attempt left join calendar_credential credential
      on credential.firm_id = attempt.firm_id and credential.connection_id = attempt.connection_id
  `;
  const [row] = (await prepared(unit.em, insert)).rows;
  if (!row) throw new Error(`No attempt at run ${run.id} was written`);
  const { attempt_id: attemptId, credentials, ...stored } = row;
  return { attemptId, credentials: credentials === null ? null : stored };
}
