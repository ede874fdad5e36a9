import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import { Appointment } from "../appointments/appointment.entity.js";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { connectionType } from "../graphql/page.type.js";
import { PagedArguments } from "../graphql/paging-arguments.js";
import type { RowOf } from "../graphql/rows.js";
import { parseCorrelationId } from "../id.js";
import { findRun, listRuns } from "./run-list.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { isFinishedStatus, SyncRun } from "./sync-run.entity.js";
import { SyncRunStatus } from "./sync.enums.js";
import { checkedWaitSeconds } from "./wait-seconds.js";

type RunRow = RowOf<SyncRun>;

const SyncRunConnection = connectionType("SyncRun", SyncRun);

@ArgsType()
class SyncRunsArguments extends PagedArguments {
  @Field(() => ID, { nullable: true })
  connectionId?: string | null;

  @Field(() => ID, { nullable: true })
  appointmentId?: string | null;

  @Field(() => [SyncRunStatus], { nullable: true })
  status?: SyncRunStatus[] | null;
}

@Resolver(() => SyncRun)
export class SyncRunResolver {
  @Query(() => SyncRun, { nullable: true })
  async syncRun(
    @Arg("correlationId", () => ID) text: string,
    @Arg("waitSeconds", () => Int, {
      defaultValue: 0,
      description: "0 to 25: answers when the run has ended or is held, or when the wait is over.",
    })
    waitSeconds: number,
    @Ctx() context: Context,
  ) {
    const wait = checkedWaitSeconds(waitSeconds);
    const correlationId = parseCorrelationId(text);
    const run = correlationId === null ? null : await findRun(context, correlationId);
    if (!run) throw notFound();
    if (wait === 0 || isFinishedStatus(run.status)) return run;
    await context.runs.settled(context.actor.firmId, run.id, wait);
    return findRun(context, run.correlationId);
  }

  @Query(() => SyncRunConnection, { nullable: true, description: "Runs, newest first." })
  syncRuns(@Args(() => SyncRunsArguments) args: SyncRunsArguments, @Ctx() context: Context) {
    return listRuns(context, args, args);
  }

  @FieldResolver(() => Boolean, { description: "Whether it has succeeded, failed or been cancelled." })
  isFinished(@Root() { status }: RunRow) {
    return isFinishedStatus(status);
  }

  @FieldResolver(() => [SyncAttempt], { description: "Oldest first." })
  attempts(@Root() { id }: RunRow, @Ctx() { loaders }: Context) {
    return loaders.attemptsOfRun.load(id);
  }

  @FieldResolver(() => SyncAttempt, { nullable: true })
  lastAttempt(@Root() { lastAttemptId }: RunRow, @Ctx() { loaders }: Context) {
    return lastAttemptId === null ? null : loaders.attempt.load(lastAttemptId);
  }

  @FieldResolver(() => CalendarConnection)
  connection(@Root() { connectionId }: RunRow, @Ctx() { loaders }: Context) {
    return loaders.connection.load(connectionId);
  }

  @FieldResolver(() => Appointment, { nullable: true })
  appointment(@Root() { appointmentId }: RunRow, @Ctx() { loaders }: Context) {
    return appointmentId === null ? null : loaders.appointment.load(appointmentId);
  }
}
