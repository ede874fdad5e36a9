import { sql, type RawBuilder } from "kysely";
import { read } from "../database/prepared-statements.js";
import type { BatchScope } from "../graphql/batches.js";
import { columnsOf, type RowOf } from "../graphql/rows.js";
import { SyncAttempt } from "./sync-attempt.entity.js";

/** Which failures a list of failed attempts holds. */
export interface FailureKinds {
  /** Those whose retries are used up. */
  includeExhausted: boolean;
  /** Superseded and resolved ones. */
  includeClosed: boolean;
}

/** The condition on sync_attempt `a` for a failed attempt that is listed. Non-retryable ones are: someone must see them. */
export function isListedFailure({ includeExhausted, includeClosed }: FailureKinds): RawBuilder<boolean> {
  const failed = includeClosed ? sql<boolean>`a.status = 'FAIL'` : sql<boolean>`a.state = 'OPEN'`;
  return includeExhausted ? failed : sql<boolean>`${failed} and not a.max_retries_reached`;
}

export interface FailuresPage {
  includeExhausted: boolean;
  first: number;
  /** The id below which the page begins; null for the newest. */
  after: string | null;
}

/** The same page of each connection's open failures, newest first, and one row more than it holds. */
export function openFailures(
  { em, firmId }: BatchScope,
  connectionIds: readonly string[],
  { includeExhausted, first, after }: FailuresPage,
): Promise<RowOf<SyncAttempt>[]> {
  const query = sql<RowOf<SyncAttempt>>`
    select page.* from unnest(${connectionIds}::bigint[]) c (id) cross join lateral (
      select ${columnsOf(em, SyncAttempt, "a")} from sync_attempt a
      where a.firm_id = ${firmId} and a.connection_id = c.id and ${isListedFailure({ includeExhausted, includeClosed: false })}
        ${after === null ? sql`` : sql`and a.id < ${after}`}
      order by a.id desc limit ${first + 1}
    ) page
    order by page.id desc
  `;
  return read(em, query);
}
