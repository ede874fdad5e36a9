import { Args, ArgsType, Ctx, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { idArgument } from "../graphql/id-argument.js";
import { replayAttempt } from "./replay-attempt.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { RunRequestArguments, runRequestOf } from "./run-request.arguments.js";
import { resultOf, SyncResult } from "./sync-result.type.js";
import { SyncRun } from "./sync-run.entity.js";

@ObjectType()
class ReplayAttemptPayload {
  @Field(() => String)
  message!: string;

  @Field(() => ID, { description: "The attempt that was asked for." })
  attemptId!: string;

  @Field(() => SyncResult)
  result!: SyncResult;

  @Field(() => SyncRun)
  run!: SyncRun;

  @Field(() => SyncAttempt, { description: "The run's newest attempt." })
  attempt!: SyncAttempt;
}

@ArgsType()
class ReplayAttemptArguments extends RunRequestArguments {
  @Field(() => ID)
  attemptId!: string;
}

@Resolver()
export class ReplayAttemptResolver {
  @Mutation(() => ReplayAttemptPayload, {
    nullable: true,
    description:
      "Runs a failed attempt's whole intent again, now: also before its retry is due, and after its retries are used up.",
  })
  async replayAttempt(@Args(() => ReplayAttemptArguments) args: ReplayAttemptArguments, @Ctx() context: Context) {
    const request = runRequestOf(args, context);
    const attemptId = idArgument(args.attemptId);
    const run = await context.loaders.run.load(await replayAttempt(context, { attemptId, ...request }));
    const attempt = run?.lastAttemptId == null ? null : await context.loaders.attempt.load(run.lastAttemptId);
    if (!run || !attempt) throw notFound(); // erased meanwhile
    const result = resultOf(run);
    return { message: messages[result.status], attemptId, result, run, attempt };
  }
}

const messages = { SUCCESS: "Replay completed successfully", FAIL: "Replay failed", RUNNING: "Replay initiated" };
