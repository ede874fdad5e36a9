import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { byId } from "../graphql/cursor.js";
import { Conditions } from "../graphql/conditions.js";
import { Page } from "../graphql/page.type.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { columnsOf, type RowOf } from "../graphql/rows.js";
import { textArgument } from "../graphql/text.js";
import { CalendarConnection } from "./calendar-connection.entity.js";
import type { CalendarConnectionStatus, CalendarProvider, ConnectionHealth } from "./calendar-connection.enums.js";
import { connectionHealth } from "./health.js";

export interface ConnectionFilter {
  provider?: CalendarProvider | null | undefined;
  status?: CalendarConnectionStatus | null | undefined;
  health?: ConnectionHealth[] | null | undefined;
  ownerId?: string | null | undefined;
  search?: string | null | undefined;
}

const key = byId("connections");
const longestSearch = 200;
const longestUserId = 255;

/** Connections, newest first. */
export async function listConnections(
  context: Context,
  filter: ConnectionFilter,
  page: PageArguments,
): Promise<Page<RowOf<CalendarConnection>, string>> {
  const request = pageRequest(page, key);
  const { em } = context;
  const matching = matchingConnections(context, filter);
  const query = sql<RowOf<CalendarConnection>>`
    select ${columnsOf(em, CalendarConnection, "c")} from ${matching}
      ${request.after === null ? sql`` : sql`and c.id < ${request.after}`}
    order by c.id desc limit ${request.first + 1} offset ${request.offset}
  `;
  const { rows } = await query.execute(em.getKysely());
  return new Page({ rows, request, key, keyOf: ({ id }) => id, count: () => countConnections(context, matching) });
}

function matchingConnections({ actor, settings }: Context, filter: ConnectionFilter): RawBuilder<unknown> {
  const conditions = new Conditions()
    .and(sql`c.firm_id = ${actor.firmId}`)
    .given(filter.provider, (provider) => sql`c.provider = ${provider}`)
    .given(filter.status, (status) => sql`c.status = ${status}`)
    .given(filter.health, (health) => sql`${connectionHealth(settings.staleAfterSeconds)} = any(${health}::text[])`)
    .given(textArgument("ownerId", filter.ownerId, longestUserId), (ownerId) => sql`c.owner_id = ${ownerId}`)
    .given(textArgument("search", filter.search, longestSearch), containing);
  return sql`
    calendar_connection c join connection_statistics s on s.firm_id = c.firm_id and s.connection_id = c.id
    where ${conditions.sql}`;
}

function containing(search: string): RawBuilder<unknown> {
  const pattern = `%${search.replace(/[\\%_]/g, "\\$&")}%`;
  return sql`(c.account_email ilike ${pattern} or c.calendar_name ilike ${pattern})`;
}

/** Always exact: a firm's connections are few beside what is synchronised over them. */
async function countConnections({ em }: Context, matching: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ count: string }>`select count(*) from ${matching}`.execute(em.getKysely());
  return Number(rows[0]?.count);
}
