import { Field, ID, ObjectType } from "type-graphql";
import { DateTime } from "../date-time.js";
import type { RowOf } from "../graphql/rows.js";
import type { CalendarConnection } from "./calendar-connection.entity.js";
import { CalendarConnectionStatus, CalendarProvider, ConnectionStatusReason } from "./calendar-connection.enums.js";

@ObjectType({ description: "How the synchronisation of one connection stands." })
export class SyncStatus {
  @Field(() => ID)
  connectionId!: string;

  @Field(() => CalendarProvider)
  provider!: CalendarProvider;

  @Field(() => CalendarConnectionStatus)
  status!: CalendarConnectionStatus;

  @Field(() => ConnectionStatusReason, { nullable: true })
  statusReason!: ConnectionStatusReason | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the next pull is planned; null while paused or revoked.",
  })
  nextSyncAt!: string | null;

  @Field(() => String, { nullable: true })
  lastSyncCursor!: string | null;
}

export function syncStatusOf(connection: RowOf<CalendarConnection>): RowOf<SyncStatus> {
  return {
    connectionId: connection.id,
    provider: connection.provider,
    status: connection.status,
    statusReason: connection.statusReason,
    nextSyncAt: connection.nextPullAt,
    lastSyncCursor: connection.cursor,
  };
}
