import { Args, ArgsType, Ctx, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import { CalendarProvider } from "../connections/calendar-connection.enums.js";
import { DateTime } from "../date-time.js";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { idArgument } from "../graphql/id-argument.js";
import { resyncConnection } from "./resync-connection.js";
import { RunRequestArguments, runRequestOf } from "./run-request.arguments.js";
import { resultOf, SyncResult } from "./sync-result.type.js";
import { SyncRun } from "./sync-run.entity.js";

@ObjectType()
class ResyncConnectionPayload {
  @Field(() => String)
  message!: string;

  @Field(() => ID)
  connectionId!: string;

  @Field(() => CalendarProvider)
  provider!: CalendarProvider;

  @Field(() => SyncResult)
  result!: SyncResult;

  @Field(() => SyncRun)
  run!: SyncRun;
}

@ArgsType()
class ResyncConnectionArguments extends RunRequestArguments {
  @Field(() => ID)
  connectionId!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "With endDate: what lies between the two, at most 5 years. One alone: to the edge of the window.",
  })
  startDate?: Date | null;

  @Field(() => DateTime, { nullable: true })
  endDate?: Date | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: "Cancels what the provider no longer has, even if that is most of the calendar.",
  })
  allowMassCancel!: boolean;
}

@Resolver()
export class ResyncConnectionResolver {
  @Mutation(() => ResyncConnectionPayload, {
    nullable: true,
    description:
      "Reads the connection's whole window anew, or what lies between two instants. Joins an active resync with the same bounds.",
  })
  async resyncConnection(
    @Args(() => ResyncConnectionArguments) args: ResyncConnectionArguments,
    @Ctx() context: Context,
  ) {
    const request = runRequestOf(args, context);
    const connectionId = idArgument(args.connectionId);
    const { allowMassCancel, startDate = null, endDate = null } = args;
    const id = await resyncConnection(context, { connectionId, startDate, endDate, allowMassCancel, ...request });
    const [run, connection] = await Promise.all([
      context.loaders.run.load(id),
      context.loaders.connection.load(connectionId),
    ]);
    if (!run || !connection) throw notFound(); // erased meanwhile
    const result = resultOf(run);
    return { message: messageOf(result), connectionId, provider: connection.provider, result, run };
  }
}

function messageOf({ status, errorSummary }: ReturnType<typeof resultOf>): string {
  return status === "FAIL" ? `Resync failed: ${errorSummary ?? "unknown"}` : "Resync initiated successfully";
}
