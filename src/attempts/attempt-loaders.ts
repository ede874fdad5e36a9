import type DataLoader from "dataloader";
import { sql } from "kysely";
import { read } from "../database/prepared-statements.js";
import { manyForEach, oneForEach, rowById, type BatchScope } from "../graphql/batches.js";
import { columnsOf, type RowOf } from "../graphql/rows.js";
import { countWaiting } from "./count-waiting.js";
import { openFailures, type FailuresPage } from "./failed-attempts.js";
import { statusRows, type StatusRow } from "./status-rows.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";

type AttemptRow = RowOf<SyncAttempt>;
type RunRow = RowOf<SyncRun>;

export function attemptLoaders(scope: BatchScope) {
  const statuses = (withPendingRetries: boolean): DataLoader<string, StatusRow | null> =>
    oneForEach(
      (ids) => statusRows(scope, ids, withPendingRetries),
      ({ id }) => id,
    );
  const failurePages = new Map<string, DataLoader<string, AttemptRow[]>>();
  return {
    /** By connection. */
    status: statuses(false),
    statusWithPendingRetries: statuses(true),
    attempt: rowById(scope, SyncAttempt),
    run: rowById(scope, SyncRun),
    /** By run, oldest first. */
    attemptsOfRun: manyForEach(
      (ids) => attemptsOfRuns(scope, ids),
      ({ runId }) => runId,
    ),
    /** By connection: what is under way or waits, first of all a pull, first of all one that runs. */
    activeRun: oneForEach(
      (ids) => activeRuns(scope, ids),
      ({ connectionId }) => connectionId,
    ),
    /** By connection: how many of its open failures have their retry still ahead, counted to 10,000. */
    pendingRetries: oneForEach(
      (ids) => pendingRetries(scope, ids),
      ({ connectionId }) => connectionId,
    ),
    /** By connection: open failures, newest first, and one more than the page holds. */
    openFailures: (page: FailuresPage): DataLoader<string, AttemptRow[]> => {
      const name = JSON.stringify([page.includeExhausted, page.first, page.after]);
      const loader =
        failurePages.get(name) ??
        manyForEach(
          (ids) => openFailures(scope, ids, page),
          ({ connectionId }) => connectionId,
        );
      failurePages.set(name, loader);
      return loader;
    },
  };
}

function attemptsOfRuns({ em, firmId }: BatchScope, runIds: readonly string[]): Promise<AttemptRow[]> {
  const query = sql<AttemptRow>`
    select ${columnsOf(em, SyncAttempt, "a")} from sync_attempt a
    where a.firm_id = ${firmId} and a.run_id = any(${runIds}::bigint[])
    order by a.id
  `;
  return read(em, query);
}

function activeRuns({ em, firmId }: BatchScope, connectionIds: readonly string[]): Promise<RunRow[]> {
  const query = sql<RunRow>`
    select distinct on (r.connection_id) ${columnsOf(em, SyncRun, "r")} from sync_run r
    where r.firm_id = ${firmId} and r.connection_id = any(${connectionIds}::bigint[])
      and r.status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD')
    order by r.connection_id, r.appointment_id is not null, r.status <> 'RUNNING', r.id desc
  `;
  return read(em, query);
}

interface PendingRow {
  connectionId: string;
  count: string;
}

function pendingRetries({ em, firmId }: BatchScope, connectionIds: readonly string[]): Promise<PendingRow[]> {
  const query = sql<PendingRow>`
    select c.id as "connectionId", counted.count
    from unnest(${connectionIds}::bigint[]) c (id) cross join lateral (${countWaiting(firmId)}) counted
  `;
  return read(em, query);
}
