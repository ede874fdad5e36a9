import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { Conditions } from "../graphql/conditions.js";
import { byTimeAndId, type TimeAndId } from "../graphql/cursor.js";
import { Page } from "../graphql/page.type.js";
import { pageRequest, type PageArguments } from "../graphql/paging.js";
import { cappedCount, columnsOf, type RowOf } from "../graphql/rows.js";
import { textArgument } from "../graphql/text.js";
import { parseId } from "../id.js";
import { Appointment, type AppointmentStatus } from "./appointment.entity.js";
import { settledBefore } from "./settled-changes.js";

export interface AppointmentFilter {
  connectionId?: string | null | undefined;
  externalEventId?: string | null | undefined;
  status?: AppointmentStatus | null | undefined;
  startsAfter?: Date | null | undefined;
  startsBefore?: Date | null | undefined;
  updatedAfter?: Date | null | undefined;
}

interface Order {
  column: "starts_at" | "updated_at";
  property: "startsAt" | "updatedAt";
  key: ReturnType<typeof byTimeAndId>;
}

const byStart: Order = { column: "starts_at", property: "startsAt", key: byTimeAndId("appointmentsByStart") };
const byUpdate: Order = { column: "updated_at", property: "updatedAt", key: byTimeAndId("appointmentsByUpdate") };

const longestEventId = 1024;

/**
 * Appointments by their start; with `updatedAfter` by their last change, which makes the list a feed of changes: whoever goes on where they
 * stopped misses none. Oldest first.
 */
export async function listAppointments(
  context: Context,
  filter: AppointmentFilter,
  page: PageArguments,
): Promise<Page<RowOf<Appointment>, TimeAndId>> {
  const { column, property, key } = filter.updatedAfter == null ? byStart : byUpdate;
  const request = pageRequest(page, key);
  const { em } = context;
  const matching = conditionsOf(context, filter);
  if (column === "updated_at") matching.and(sql`a.updated_at < ${await settledBefore(em)}::timestamptz`);
  const source = filter.externalEventId == null ? sql`appointment a where ${matching.sql}` : ofOneEvent(matching);
  const time = sql.ref(`a.${column}`);
  const later =
    request.after && sql`and (${time}, a.id) > (${request.after.time}::timestamptz, ${request.after.id}::bigint)`;
  const query = sql<RowOf<Appointment>>`
    select ${columnsOf(em, Appointment, "a")} from ${source} ${later ?? sql``}
    order by ${time}, a.id limit ${request.first + 1}
  `;
  const { rows } = await query.execute(em.getKysely());
  const count = () => cappedCount(em, sql`select from ${source}`);
  return new Page({ rows, request, key, keyOf: (row) => ({ time: row[property], id: row.id }), count });
}

/** An event has few appointments: they are found by its id and then put in order, never looked for in the order. */
function ofOneEvent(matching: Conditions): RawBuilder<unknown> {
  return sql`(select * from appointment a where ${matching.sql} offset 0) a where true`;
}

function conditionsOf({ actor }: Context, filter: AppointmentFilter): Conditions {
  const externalEventId = textArgument("externalEventId", filter.externalEventId, longestEventId);
  return new Conditions()
    .and(sql`a.firm_id = ${actor.firmId}`)
    .givenId(filter.connectionId, parseId, (id) =>
      // Beside an event's id the connection's is compared only: no index of the connection is to be read for it.
      externalEventId == null ? sql`a.connection_id = ${id}` : sql`a.connection_id + 0 = ${id}`,
    )
    .given(externalEventId, (id) => sql`a.external_event_id = ${id}`)
    .given(filter.status, (status) => sql`a.status = ${sql.lit(status)}`)
    .given(filter.startsAfter, (instant) => sql`a.starts_at >= ${instant}`)
    .given(filter.startsBefore, (instant) => sql`a.starts_at < ${instant}`)
    .given(filter.updatedAfter, (instant) => sql`a.updated_at >= ${instant}`);
}
