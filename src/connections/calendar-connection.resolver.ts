import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Info, Int, Query, Resolver, Root } from "type-graphql";
import type { Context } from "../context.js";
import { DateTime } from "../date-time.js";
import { notFound } from "../errors.js";
import { connectionType } from "../graphql/page.type.js";
import { PagedByNumberArguments } from "../graphql/paging-arguments.js";
import type { RowOf } from "../graphql/rows.js";
import { isSelected } from "../graphql/selection.js";
import { parseId } from "../id.js";
import { CalendarConnection } from "./calendar-connection.entity.js";
import { CalendarConnectionStatus, CalendarProvider, ConnectionHealth } from "./calendar-connection.enums.js";
import { listConnections } from "./connection-list.js";
import { statisticsOf, SyncStatistics } from "./sync-statistics.type.js";
import { SyncStatus, syncStatusOf } from "./sync-status.type.js";

const CalendarConnectionConnection = connectionType("CalendarConnection", CalendarConnection);

@ArgsType()
class CalendarConnectionsArguments extends PagedByNumberArguments {
  @Field(() => CalendarProvider, { nullable: true })
  provider?: CalendarProvider | null;

  @Field(() => CalendarConnectionStatus, { nullable: true })
  status?: CalendarConnectionStatus | null;

  @Field(() => [ConnectionHealth], { nullable: true })
  health?: ConnectionHealth[] | null;

  @Field(() => ID, { nullable: true })
  ownerId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Part of the account's address or the calendar's name, in any case.",
  })
  search?: string | null;
}

@Resolver(() => CalendarConnection)
export class CalendarConnectionResolver {
  @Query(() => CalendarConnection, { nullable: true })
  calendarConnection(@Arg("id", () => ID) id: string, @Ctx() context: Context) {
    return findConnection(context, id);
  }

  @Query(() => CalendarConnectionConnection, { nullable: true, description: "The firm's connections, newest first." })
  calendarConnections(
    @Args(() => CalendarConnectionsArguments) args: CalendarConnectionsArguments,
    @Ctx() context: Context,
  ) {
    return listConnections(context, args, args);
  }

  @FieldResolver(() => ConnectionHealth)
  health(@Root() connection: RowOf<CalendarConnection>, @Ctx() context: Context) {
    return healthOf(context, connection.id);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: "End of the last successful pull, also one without changes.",
  })
  async lastSyncAt(@Root() connection: RowOf<CalendarConnection>, @Ctx() context: Context) {
    return (await countersOf(context, connection.id)).lastSyncAt;
  }

  @FieldResolver(() => Int, { description: "Failed runs in a row, of any operation; a success makes it 0." })
  async consecutiveFailures(@Root() connection: RowOf<CalendarConnection>, @Ctx() context: Context) {
    return (await countersOf(context, connection.id)).consecutiveFailures;
  }

  @FieldResolver(() => SyncStatistics)
  async statistics(@Root() connection: RowOf<CalendarConnection>, @Ctx() context: Context) {
    return statisticsOf(await countersOf(context, connection.id), connection.cursor);
  }
}

@Resolver(() => SyncStatus)
export class SyncStatusResolver {
  @Query(() => SyncStatus, { nullable: true })
  async syncStatus(
    @Arg("connectionId", () => ID) connectionId: string,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    return syncStatusOf(await findStatus(context, connectionId, isSelected(info, "statistics", "pendingRetry")));
  }

  @FieldResolver(() => ConnectionHealth)
  health(@Root() status: SyncStatus, @Ctx() context: Context) {
    return healthOf(context, status.connectionId);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: "End of the last successful pull, also one without changes.",
  })
  async lastSyncAt(@Root() status: SyncStatus, @Ctx() context: Context) {
    return (await countersOf(context, status.connectionId)).lastSyncAt;
  }

  @FieldResolver(() => SyncStatistics)
  async statistics(@Root() status: SyncStatus, @Ctx() context: Context) {
    return statisticsOf(await countersOf(context, status.connectionId), status.lastSyncCursor);
  }
}

/**
 * The connection; its counters and pending retries, read along with it, are left to the fields that tell of them.
 * @throws AppError NOT_FOUND
 */
async function findStatus({ loaders }: Context, text: string, withPendingRetries: boolean) {
  const id = parseId(text);
  const status = withPendingRetries ? loaders.statusWithPendingRetries : loaders.status;
  const row = id === null ? null : await status.load(id);
  if (!row) throw notFound();
  loaders.counters.prime(row.id, row);
  if (row.pendingRetries !== undefined)
    loaders.pendingRetries.prime(row.id, { connectionId: row.id, count: row.pendingRetries });
  return row;
}

/** @throws AppError NOT_FOUND */
async function findConnection({ loaders }: Context, text: string): Promise<RowOf<CalendarConnection>> {
  const id = parseId(text);
  const connection = id === null ? null : await loaders.connection.load(id);
  if (!connection) throw notFound();
  return connection;
}

/** Every connection has its counters from its first moment; with the connection erased meanwhile, they are gone with it. */
async function countersOf({ loaders }: Context, connectionId: string) {
  const counters = await loaders.counters.load(connectionId);
  if (!counters) throw notFound();
  return counters;
}

async function healthOf({ loaders }: Context, connectionId: string): Promise<ConnectionHealth> {
  const row = await loaders.health.load(connectionId);
  if (!row) throw notFound();
  return row.health;
}
