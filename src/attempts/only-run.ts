import { sql } from "kysely";
import { prepared } from "../database/prepared-statements.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { SyncRun } from "./sync-run.entity.js";

/** By the run as its transaction has loaded it. */
const answers = new WeakMap<SyncRun, Promise<boolean>>();

/**
 * Whether no other run of the run's connection is unfinished or has an open failure: then nothing waits behind it, and there is nothing
 * to cover or to recover, as after most attempts. Asked once a transaction, in which the connection is locked, so that no other run comes.
 */
export function isOnlyRun(unit: UnitOfWork, run: SyncRun): Promise<boolean> {
  const answer = answers.get(run) ?? ask(unit, run);
  answers.set(run, answer);
  return answer;
}

async function ask({ em, firmId }: UnitOfWork, { id, connectionId }: SyncRun): Promise<boolean> {
  const others = sql`select from sync_run where firm_id = ${firmId} and connection_id = ${connectionId} and id <> ${id}`;
  const question = sql<{ is_alone: boolean }>`
    select not exists (${others} and status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD'))
      and not exists (${others} and open_failure_id is not null) as is_alone
  `;
  const { rows } = await prepared(em, question);
  return rows[0]?.is_alone ?? false;
}
