import { Args, ArgsType, Ctx, Field, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { SyncStatistics } from "../connections/sync-statistics.type.js";
import type { Context } from "../context.js";
import { Page } from "../graphql/page.type.js";
import { PagedArguments } from "../graphql/paging-arguments.js";
import { pageRequest } from "../graphql/paging.js";
import type { RowOf } from "../graphql/rows.js";
import { failedAttemptKey, type AttemptPage } from "./attempt-list.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncAttemptConnection } from "./sync-attempt.resolver.js";
import { SyncRun } from "./sync-run.entity.js";

@ArgsType()
class OpenFailuresArguments extends PagedArguments {
  @Field(() => Boolean, { defaultValue: false, description: "Also those whose retries are used up." })
  includeExhausted!: boolean;
}

/** What attempts and runs add to a connection. */
@Resolver(() => CalendarConnection)
export class ConnectionAttemptsResolver {
  @FieldResolver(() => SyncRun, { nullable: true, description: "What is under way or waits." })
  activeRun(@Root() { id }: RowOf<CalendarConnection>, @Ctx() { loaders }: Context) {
    return loaders.activeRun.load(id);
  }

  @FieldResolver(() => SyncAttempt, { nullable: true, description: "The newest failure that nothing has resolved." })
  async lastFailure(@Root() { id }: RowOf<CalendarConnection>, @Ctx() { loaders }: Context) {
    const [newest] = await loaders.openFailures({ includeExhausted: true, first: 1, after: null }).load(id);
    return newest ?? null;
  }

  @FieldResolver(() => SyncAttemptConnection, { description: "Open failures, newest first." })
  async failedAttempts(
    @Root() { id }: RowOf<CalendarConnection>,
    @Args(() => OpenFailuresArguments) args: OpenFailuresArguments,
    @Ctx() context: Context,
  ): Promise<AttemptPage> {
    const request = pageRequest(args, failedAttemptKey);
    const { includeExhausted } = args;
    const loader = context.loaders.openFailures({ includeExhausted, first: request.first, after: request.after });
    const rows = await loader.load(id);
    const count = () => countOpenFailures(context, id, includeExhausted);
    return new Page({ rows, request, key: failedAttemptKey, keyOf: (row) => row.id, count });
  }
}

async function countOpenFailures(
  { loaders }: Context,
  connectionId: string,
  includeExhausted: boolean,
): Promise<number> {
  const counters = await loaders.counters.load(connectionId);
  if (!counters) return 0;
  return counters.openRetryable + counters.openNonRetryable + (includeExhausted ? counters.openExhausted : 0);
}

@Resolver(() => SyncStatistics)
export class SyncStatisticsResolver {
  @FieldResolver(() => Int, { description: "Open failures whose next retry is still ahead." })
  async pendingRetry(@Root() { connectionId, eligibleForRetry }: SyncStatistics, @Ctx() { loaders }: Context) {
    const pending = await loaders.pendingRetries.load(connectionId);
    // Counted a moment after the counters were read: never more than they say.
    return Math.min(Number(pending?.count ?? 0), eligibleForRetry);
  }
}
