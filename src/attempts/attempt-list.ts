import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { Conditions } from "../graphql/conditions.js";
import { byId, type CursorKey } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
import { newestRows, type NewestFirst } from "../graphql/newest-rows.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { cappedCount, columnsOf, type RowOf } from "../graphql/rows.js";
import { textArgument } from "../graphql/text.js";
import { parseId } from "../id.js";
import { countAllAttempts, sumOf, sumOfOpenFailures } from "./attempt-counters.js";
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

/** Failed attempts, newest first; which ones, says FailureKinds. `isCounted`: their total will be asked for. */
export async function listFailedAttempts(
  context: Context,
  scope: AttemptScope & FailureKinds,
  page: PageArguments,
  isCounted: boolean,
): Promise<AttemptPage> {
  const matching = conditionsOf(context, scope).and(isListedFailure(scope));
  const list = {
    key: failedAttemptKey,
    listed: sql`sync_attempt a where ${matching.sql}`,
    ...indexedIf(isUnfiltered(scope)),
  };
  if (!isUnfiltered(scope) || scope.includeClosed) {
    return pageOf(context, page, { ...list, count: () => cappedCount(context.em, sql`select from ${list.listed}`) });
  }
  const total = sumOfOpenFailures(context, scope.connectionId, scope.includeExhausted);
  return pageOf(context, page, { ...list, count: () => sumOf(context.em, total), ...(isCounted ? { total } : {}) });
}

/** Attempts of any outcome, newest first. */
export async function listAttempts(
  context: Context,
  scope: AttemptScope & { status?: SyncAttemptStatus | null | undefined },
  page: PageArguments,
): Promise<AttemptPage> {
  const matching = conditionsOf(context, scope).given(scope.status, (status) => sql`a.status = ${sql.lit(status)}`);
  const isRunning = scope.status === "RUNNING";
  const listed = isRunning ? amongRunning(matching) : sql`sync_attempt a where ${matching.sql}`;
  const count = () =>
    isUnfiltered(scope) && scope.status == null
      ? countAllAttempts(context, scope.connectionId)
      : cappedCount(context.em, sql`select from ${listed}`);
  return pageOf(context, page, { key: attemptKey, listed, count, ...indexedIf(isUnfiltered(scope) && !isRunning) });
}

function indexedIf(isIndexed: boolean): Pick<AttemptList, "indexed"> {
  return isIndexed ? { indexed: "sync_attempt" } : {};
}

/** They are few, and have an index: found in it and then put in order, never looked for in the order. */
function amongRunning(matching: Conditions): RawBuilder<unknown> {
  return sql`(select * from sync_attempt a where ${matching.sql} offset 0) a where true`;
}

interface AttemptList extends Pick<NewestFirst<unknown>, "listed" | "total" | "indexed"> {
  key: CursorKey<string>;
  count: () => Promise<number>;
}

async function pageOf(
  { em }: Context,
  page: PageArguments,
  { key, count, ...list }: AttemptList,
): Promise<AttemptPage> {
  const request = pageRequest(page, key);
  const columns = columnsOf(em, SyncAttempt, "a");
  const rows = await newestRows(em, { ...list, columns, id: sql`a.id` }, request);
  const counted = rows[0]?.totalCount;
  return new Page({
    ...{ rows, request, key, keyOf: ({ id }) => id },
    count: counted === undefined ? count : () => Promise.resolve(Number(counted)),
  });
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
