import { sql } from "kysely";
import { record } from "../audit/record.js";
import type { Engine } from "./close-attempt.js";
import type { Closing } from "./closing.js";
import { lockRun } from "./lock.js";
import { isOnlyRun } from "./only-run.js";
import { openFailureOf } from "./open-failure.js";
import type { SyncRun } from "./sync-run.entity.js";
import { prepared } from "../database/prepared-statements.js";

/** Recoveries at one success; their own successes bring the next ones. */
const mostAtOnce = 20;

/** A recovery that has failed is not tried again before. */
const restSeconds = 300;

/**
 * A connection has succeeded, so pushes of it that have used up their retries are tried once more, under their own correlation ids and
 * through the provider's retry budget: what was changed here is not given up. One that fails again rests for five minutes before the next
 * success has it tried again. A run that has killed three workers is left to a manager.
 */
export async function recoverPushes(closing: Closing, engine: Pick<Engine, "queue">): Promise<void> {
  const { unit, connection, run } = closing;
  if (connection.status !== "ACTIVE" || (await isOnlyRun(unit, run))) return;
  await unit.em.flush(); // what this success covers is not recovered
  for (const id of await recoverablePushes(closing)) {
    const push = await lockRun(unit, id);
    if (push?.status === "FAILED") await recover(closing, push, engine);
  }
}

async function recover({ unit }: Closing, push: SyncRun, { queue }: Pick<Engine, "queue">): Promise<void> {
  const failure = await openFailureOf(unit, push);
  if (!failure) throw new Error(`Run ${push.id} has nothing to recover from`);
  push.recover(failure.retryCount);
  await unit.em.flush();
  await queue.send(unit, push, null);
  record(unit, {
    eventType: "calendar_sync_recovery_requested",
    resource: { type: "sync_run", id: push.id },
    correlationId: push.correlationId,
    metadata: {
      run_id: push.id,
      attempt_id: failure.id,
      connection_id: push.connectionId,
      appointment_id: push.appointmentId,
      operation: push.operation.toLowerCase(),
      error_class: failure.errorClass,
    },
  });
}

/** The newest exhausted push of each appointment that no other push is about to bring along. */
async function recoverablePushes({ unit, connection }: Closing): Promise<string[]> {
  const { rows } = await prepared(
    unit.em,
    sql<{ id: string }>`
    select push.id
    from sync_run push
    join sync_attempt failure on failure.firm_id = push.firm_id and failure.id = push.open_failure_id
    where push.firm_id = ${unit.firmId} and push.connection_id = ${connection.id} and push.direction = 'PUSH'
      and push.status = 'FAILED' and push.open_failure_id is not null
      and failure.max_retries_reached and failure.error_code <> 'WORKER_LOST'
      and coalesce(failure.provider_retry_at <= ${unit.now}::timestamptz, true)
      and (push.trigger <> 'RECOVERY' or push.finished_at <= ${unit.now}::timestamptz - make_interval(secs => ${restSeconds}))
      and not exists (
        select from sync_run other
        where other.firm_id = push.firm_id and other.appointment_id = push.appointment_id and other.direction = 'PUSH' and other.id <> push.id
          and (other.status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD') or (other.open_failure_id is not null and other.id > push.id))
      )
    order by push.id limit ${mostAtOnce}
  `,
  );
  return rows.map(({ id }) => id);
}
