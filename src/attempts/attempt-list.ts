import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { Conditions } from "../graphql/conditions.js";
import { byId, type CursorKey } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { cappedCount, columnsOf, type RowOf } from "../graphql/rows.js";
import { textArgument } from "../graphql/text.js";
import { parseId } from "../id.js";
import { countAllAttempts, countOpenFailures } from "./attempt-counters.js";
import { isListedFailure, type FailureKinds } from "./failed-attempts.js";
import type { SyncAttemptFilter } from "./sync-attempt-filter.type.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import type { SyncAttemptStatus } from "./sync.enums.js";

export type AttemptPage = Page<RowOf<SyncAttempt>, string>;

interface AttemptScope {
  connectionId?: string | null | undefined;
  filter?: SyncAttemptFilter | null | undefined;
}

export const failedAttemptKey = byId("failedAttempts");
const attemptKey = byId("syncAttempts");

/** Failed attempts, newest first; which ones, says FailureKinds. */
export async function listFailedAttempts(
  context: Context,
  scope: AttemptScope & FailureKinds,
  page: PageArguments,
): Promise<AttemptPage> {
  const matching = conditionsOf(context, scope).and(isListedFailure(scope));
  const listed = sql`sync_attempt a where ${matching.sql}`;
  return pageOf(context, page, failedAttemptKey, listed, () =>
    isUnfiltered(scope) && !scope.includeClosed
      ? countOpenFailures(context, scope.connectionId, scope.includeExhausted)
      : cappedCount(context.em, sql`select from ${listed}`),
  );
}

/** Attempts of any outcome, newest first. */
export async function listAttempts(
  context: Context,
  scope: AttemptScope & { status?: SyncAttemptStatus | null | undefined },
  page: PageArguments,
): Promise<AttemptPage> {
  const matching = conditionsOf(context, scope).given(scope.status, (status) => sql`a.status = ${sql.lit(status)}`);
  const listed = scope.status === "RUNNING" ? amongRunning(matching) : sql`sync_attempt a where ${matching.sql}`;
  return pageOf(context, page, attemptKey, listed, () =>
    isUnfiltered(scope) && scope.status == null
      ? countAllAttempts(context, scope.connectionId)
      : cappedCount(context.em, sql`select from ${listed}`),
  );
}

/** They are few, and have an index: found in it and then put in order, never looked for in the order. */
function amongRunning(matching: Conditions): RawBuilder<unknown> {
  return sql`(select * from sync_attempt a where ${matching.sql} offset 0) a where true`;
}

async function pageOf(
  { em }: Context,
  page: PageArguments,
  key: CursorKey<string>,
  listed: RawBuilder<unknown>,
  count: () => Promise<number>,
): Promise<AttemptPage> {
  const request = pageRequest(page, key);
  const query = sql<RowOf<SyncAttempt>>`
    select ${columnsOf(em, SyncAttempt, "a")} from ${listed} ${request.after === null ? sql`` : sql`and a.id < ${request.after}`}
    order by a.id desc limit ${request.first + 1} offset ${request.offset}
  `;
  const { rows } = await query.execute(em.getKysely());
  return new Page({ rows, request, key, keyOf: ({ id }) => id, count });
}

const longestCode = 100;

function conditionsOf({ actor }: Context, { connectionId, filter }: AttemptScope): Conditions {
  return (
    new Conditions()
      .and(sql`a.firm_id = ${actor.firmId}`)
      .givenId(connectionId, parseId, (id) => sql`a.connection_id = ${id}`)
      // Only failures have an error: said so, the index of failures serves.
      .given(filter?.errorClass, (classes) => sql`a.status = 'FAIL' and a.error_class = any(${classes}::text[])`)
      .given(
        textArgument("filter", filter?.errorCode, longestCode),
        (code) => sql`a.status = 'FAIL' and a.error_code = ${code}`,
      )
      .given(filter?.operation, (operations) => sql`a.operation = any(${operations}::text[])`)
      .given(filter?.direction, (direction) => sql`a.direction = ${direction}`)
      .given(filter?.provider, (provider) => sql`a.provider = ${provider}`)
      .givenId(filter?.appointmentId, parseId, (id) => sql`a.appointment_id = ${id}`)
      .given(filter?.startedAfter, (instant) => sql`a.started_at >= ${instant}`)
      .given(filter?.startedBefore, (instant) => sql`a.started_at < ${instant}`)
  );
}

function isUnfiltered({ filter }: AttemptScope): boolean {
  return Object.values(filter ?? {}).every((value) => value == null);
}
