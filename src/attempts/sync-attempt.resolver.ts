import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Info, Int, Query, Resolver, Root } from "type-graphql";
import { Appointment } from "../appointments/appointment.entity.js";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { connectionType } from "../graphql/page.type.js";
import { PagedByNumberArguments } from "../graphql/paging-arguments.js";
import type { RowOf } from "../graphql/rows.js";
import { isSelected } from "../graphql/selection.js";
import { parseId } from "../id.js";
import { listAttempts, listFailedAttempts } from "./attempt-list.js";
import { remedyOf } from "./remedy.js";
import { isReplayable, notReplayableReason } from "./replayability.js";
import { SyncAttemptFilter } from "./sync-attempt-filter.type.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { SyncRun } from "./sync-run.entity.js";
import { SyncAttemptStatus, SyncRemedy } from "./sync.enums.js";

type AttemptRow = RowOf<SyncAttempt>;

export const SyncAttemptConnection = connectionType("SyncAttempt", SyncAttempt);

@ArgsType()
class AttemptsArguments extends PagedByNumberArguments {
  @Field(() => ID, { nullable: true })
  connectionId?: string | null;

  @Field(() => SyncAttemptFilter, { nullable: true })
  filter?: SyncAttemptFilter | null;
}

@ArgsType()
class FailedAttemptsArguments extends AttemptsArguments {
  @Field(() => Boolean, { defaultValue: false, description: "Also those whose retries are used up." })
  includeExhausted!: boolean;

  @Field(() => Boolean, { defaultValue: false, description: "Also superseded and resolved ones." })
  includeClosed!: boolean;
}

@ArgsType()
class SyncAttemptsArguments extends AttemptsArguments {
  @Field(() => SyncAttemptStatus, { nullable: true })
  status?: SyncAttemptStatus | null;
}

@Resolver(() => SyncAttempt)
export class SyncAttemptResolver {
  @Query(() => SyncAttemptConnection, {
    nullable: true,
    description: "Failures that nothing has resolved yet, non-retryable ones included, newest first.",
  })
  failedAttempts(
    @Args(() => FailedAttemptsArguments) args: FailedAttemptsArguments,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    return listFailedAttempts(context, args, args, isSelected(info, "totalCount"));
  }

  @Query(() => SyncAttemptConnection, { nullable: true, description: "Attempts of any outcome, newest first." })
  syncAttempts(@Args(() => SyncAttemptsArguments) args: SyncAttemptsArguments, @Ctx() context: Context) {
    return listAttempts(context, args, args);
  }

  @Query(() => SyncAttempt, { nullable: true })
  async syncAttempt(@Arg("id", () => ID) text: string, @Ctx() { loaders }: Context) {
    const id = parseId(text);
    const attempt = id === null ? null : await loaders.attempt.load(id);
    if (!attempt) throw notFound();
    return attempt;
  }

  @FieldResolver(() => Boolean, { description: "Its run has a newer attempt under way." })
  async isRunning(@Root() attempt: AttemptRow, @Ctx() context: Context) {
    const run = await runOf(context, attempt);
    return run.status === "RUNNING" && run.lastAttemptId !== attempt.id;
  }

  @FieldResolver(() => SyncRemedy, { description: "What a person does about it." })
  remedy(@Root() attempt: AttemptRow): SyncRemedy {
    return remedyOf(attempt);
  }

  @FieldResolver(() => Boolean, { description: "Whether a replay would start now." })
  async isReplayable(@Root() attempt: AttemptRow, @Ctx() context: Context) {
    const [run, connection] = await Promise.all([
      runOf(context, attempt),
      context.loaders.connection.load(attempt.connectionId),
    ]);
    return connection !== null && isReplayable(attempt, run, connection.status);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "SUCCEEDED, NON_RETRYABLE or RESOLVED: it can never be replayed. Null while that is open.",
  })
  async notReplayableReason(@Root() attempt: AttemptRow, @Ctx() context: Context) {
    return notReplayableReason(attempt, await runOf(context, attempt));
  }

  @FieldResolver(() => Int, { nullable: true })
  durationMs(@Root() { startedAt, finishedAt }: AttemptRow) {
    return finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt);
  }

  @FieldResolver(() => SyncAttempt, { nullable: true, description: "The later attempt that made up for this failure." })
  resolvedBy(@Root() { resolvedById }: AttemptRow, @Ctx() { loaders }: Context) {
    return resolvedById === null ? null : loaders.attempt.load(resolvedById);
  }

  @FieldResolver(() => SyncRun)
  run(@Root() attempt: AttemptRow, @Ctx() context: Context) {
    return runOf(context, attempt);
  }

  @FieldResolver(() => CalendarConnection)
  connection(@Root() { connectionId }: AttemptRow, @Ctx() { loaders }: Context) {
    return loaders.connection.load(connectionId);
  }

  @FieldResolver(() => Appointment, { nullable: true })
  appointment(@Root() { appointmentId }: AttemptRow, @Ctx() { loaders }: Context) {
    return appointmentId === null ? null : loaders.appointment.load(appointmentId);
  }
}

/** Attempts are deleted with their run, so an attempt without one is seen only by a read that runs beside it. */
async function runOf({ loaders }: Context, { runId }: AttemptRow): Promise<RowOf<SyncRun>> {
  const run = await loaders.run.load(runId);
  if (!run) throw notFound();
  return run;
}
