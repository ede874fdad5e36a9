import { sql } from "kysely";
import type { Context } from "../context.js";
import { read } from "../database/prepared-reads.js";
import { Conditions } from "../graphql/conditions.js";
import { byId } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
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
  const query = sql<RowOf<AuditEvent>>`
    select ${columnsOf(em, AuditEvent, "e")} from audit_event e
    where ${matching.sql} ${request.after === null ? sql`` : sql`and e.id < ${request.after}`}
    order by e.id desc limit ${request.first + 1}
  `;
  const rows = await read(em, query);
  const count = () => cappedCount(em, sql`select from audit_event e where ${matching.sql}`);
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
    .given(textArgument("severity", filter.severity, longestWord), (severity) => sql`e.severity = ${severity}`)
    .given(filter.createdAfter, (instant) => sql`e.created_at >= ${instant}`)
    .given(filter.createdBefore, (instant) => sql`e.created_at < ${instant}`);
}
