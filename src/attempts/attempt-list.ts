import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { read } from "../database/prepared-reads.js";
import { Conditions } from "../graphql/conditions.js";
import { byId, type CursorKey } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
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

/** Failed attempts, newest first; which ones, says FailureKinds. `isCounted`: the page's totalCount will be asked for. */
export async function listFailedAttempts(
  context: Context,
  scope: AttemptScope & FailureKinds,
  page: PageArguments,
  isCounted: boolean,
): Promise<AttemptPage> {
  const matching = conditionsOf(context, scope).and(isListedFailure(scope)).sql;
  const list = { key: failedAttemptKey, matching };
  if (!isUnfiltered(scope) || scope.includeClosed) {
    const count = () => cappedCount(context.em, sql`select from sync_attempt a where ${matching}`);
    return pageOf(context, page, { ...list, count });
  }
  const sum = sumOfOpenFailures(context, scope.connectionId, scope.includeExhausted);
  return pageOf(context, page, { ...list, count: () => sumOf(context.em, sum), ...(isCounted ? { sum } : {}) });
}

/** Attempts of any outcome, newest first. */
export async function listAttempts(
  context: Context,
  scope: AttemptScope & { status?: SyncAttemptStatus | null | undefined },
  page: PageArguments,
): Promise<AttemptPage> {
  const matching = conditionsOf(context, scope).given(scope.status, (status) => sql`a.status = ${status}`).sql;
  const count = () =>
    isUnfiltered(scope) && scope.status == null
      ? countAllAttempts(context, scope.connectionId)
      : cappedCount(context.em, sql`select from sync_attempt a where ${matching}`);
  return pageOf(context, page, { key: attemptKey, matching, count });
}

interface AttemptList {
  key: CursorKey<string>;
  matching: RawBuilder<unknown>;
  count: () => Promise<number>;
  /** The count as a subselect of the page's statement, which saves a statement of its own; absent where that would cost more. */
  sum?: RawBuilder<unknown>;
}

async function pageOf(
  { em }: Context,
  page: PageArguments,
  { key, matching, count, sum }: AttemptList,
): Promise<AttemptPage> {
  const request = pageRequest(page, key);
  const query = sql<RowOf<SyncAttempt> & { totalCount?: string }>`
    select ${columnsOf(em, SyncAttempt, "a")} ${sum ? sql`, (${sum}) as "totalCount"` : sql``} from sync_attempt a
    where ${matching} ${request.after === null ? sql`` : sql`and a.id < ${request.after}`}
    order by a.id desc limit ${request.first + 1} offset ${request.offset}
  `;
  const rows = await read(em, query);
  const counted = rows[0]?.totalCount;
  return new Page({
    ...{ rows, request, key, keyOf: ({ id }) => id },
    count: counted === undefined ? count : () => Promise.resolve(Number(counted)),
  });
}

const longestCode = 100;

function conditionsOf({ actor }: Context, { connectionId, filter }: AttemptScope): Conditions {
  return new Conditions()
    .and(sql`a.firm_id = ${actor.firmId}`)
    .givenId(connectionId, parseId, (id) => sql`a.connection_id = ${id}`)
    .given(filter?.errorClass, (classes) => sql`a.error_class = any(${classes}::text[])`)
    .given(textArgument("filter", filter?.errorCode, longestCode), (code) => sql`a.error_code = ${code}`)
    .given(filter?.operation, (operations) => sql`a.operation = any(${operations}::text[])`)
    .given(filter?.direction, (direction) => sql`a.direction = ${direction}`)
    .given(filter?.provider, (provider) => sql`a.provider = ${provider}`)
    .givenId(filter?.appointmentId, parseId, (id) => sql`a.appointment_id = ${id}`)
    .given(filter?.startedAfter, (instant) => sql`a.started_at >= ${instant}`)
    .given(filter?.startedBefore, (instant) => sql`a.started_at < ${instant}`);
}

function isUnfiltered({ filter }: AttemptScope): boolean {
  return Object.values(filter ?? {}).every((value) => value == null);
}
