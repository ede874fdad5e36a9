import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { Conditions } from "../graphql/conditions.js";
import { byId } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
import { newestRows } from "../graphql/newest-rows.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { cappedCount, columnsOf, type RowOf } from "../graphql/rows.js";
import { textArgument } from "../graphql/text.js";
import { parseCorrelationId, parseId } from "../id.js";
import { AuditEvent } from "./audit-event.entity.js";
import type { AuditFilter } from "./audit-loaders.js";

const key = byId("auditEvents");
const longestWord = 100;
const longestUserId = 255;

/**
 * Audit events, newest first. Reading them is recorded before anything is read, so the newest event is this read itself: one a request,
 * however many lists it asks for.
 */
export async function listAuditEvents(
  context: Context,
  filter: AuditFilter,
  page: PageArguments,
): Promise<Page<RowOf<AuditEvent>, string>> {
  const request = pageRequest(page, key);
  const { em } = context;
  const matching = conditionsOf(context, filter);
  await context.loaders.auditRead.load(filter);
  const listed = sql`audit_event e where ${matching.sql}`;
  const isOfAll = matching.size === 1; // the firm
  const list = { columns: columnsOf(em, AuditEvent, "e"), listed, id: sql`e.id` };
  const rows = await newestRows(em, isOfAll ? { ...list, indexed: "audit_event" } : list, request);
  const count = () => cappedCount(em, sql`select from ${listed}`);
  return new Page({ rows, request, key, keyOf: ({ id }) => id, count });
}

function conditionsOf({ actor }: Context, filter: AuditFilter): Conditions {
  return new Conditions()
    .and(sql`e.firm_id = ${actor.firmId}`)
    .given(textArgument("resourceType", filter.resourceType, longestWord), (type) => sql`e.resource_type = ${type}`)
    .givenId(filter.resourceId, parseId, (id) => sql`e.resource_id = ${id}`)
    .given(textArgument("eventType", filter.eventType, longestWord), (type) => sql`e.event_type = ${type}`)
    .given(textArgument("actorId", filter.actorId, longestUserId), (id) => sql`e.actor_id = ${id}`)
    .givenId(filter.correlationId, parseCorrelationId, (id) => sql`e.correlation_id = ${id}`)
    .given(textArgument("severity", filter.severity, longestWord), hasSeverity)
    .given(filter.createdAfter, (instant) => createdAfter(actor.firmId, instant))
    .given(filter.createdBefore, (instant) => createdBefore(actor.firmId, instant));
}

/** The rare ones, which are looked for, have an index. */
function hasSeverity(severity: string): RawBuilder<unknown> {
  return ["info", "warning", "error"].includes(severity) ? sql`e.severity = ${sql.lit(severity)}` : sql`false`;
}

/** An event's time is that of the beginning of its transaction, its id is given later in it; none lasts so long. */
const longestTransaction = sql`interval '1 day'`;

/**
 * Events are listed by their ids, which rise with time. What was created well before the instant tells an id below which nothing need be
 * read, in no partition. (The sub-select stands alone: row level security would not let a function around it near the index.)
 */
function createdAfter(firmId: string, instant: Date): RawBuilder<unknown> {
  return sql`e.created_at >= ${instant} and e.id > (select coalesce((
    select before.id from audit_event before
    where before.firm_id = ${firmId} and before.created_at < ${instant}::timestamptz - ${longestTransaction}
    order by before.created_at desc, before.id desc limit 1
  ), 0))`;
}

/** Likewise: what was created well after it tells an id that is beyond all. */
function createdBefore(firmId: string, instant: Date): RawBuilder<unknown> {
  return sql`e.created_at < ${instant} and e.id < (select coalesce((
    select later.id from audit_event later
    where later.firm_id = ${firmId} and later.created_at >= ${instant}::timestamptz + ${longestTransaction}
    order by later.created_at, later.id limit 1
  ), ${sql.lit(highestId)}::bigint))`;
}

const highestId = "9223372036854775807";
