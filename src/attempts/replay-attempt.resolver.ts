import { Args, ArgsType, Ctx, Field, ID, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { parseId } from "../id.js";
import { idempotencyKeyArgument, idempotencyKeyDescription } from "../idempotency/idempotency-key-argument.js";
import { reasonArgument } from "./reason.js";
import { replayAttempt } from "./replay-attempt.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import { resultOf, SyncResult } from "./sync-result.type.js";
import { SyncRun } from "./sync-run.entity.js";
import { checkedWaitSeconds } from "./wait-seconds.js";

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
class ReplayAttemptArguments {
  @Field(() => ID)
  attemptId!: string;

  @Field(() => Int, { nullable: true, description: "0 to 25; null is the server's default, 0 answers at once." })
  waitSeconds?: number | null;

  @Field(() => String, { nullable: true, description: "Goes into the audit; at most 500 characters." })
  reason?: string | null;

  @Field(() => String, { nullable: true, description: idempotencyKeyDescription })
  idempotencyKey?: string | null;
}

@Resolver()
export class ReplayAttemptResolver {
  @Mutation(() => ReplayAttemptPayload, {
    nullable: true,
    description:
      "Runs a failed attempt's whole intent again, now: also before its retry is due, and after its retries are used up.",
  })
  async replayAttempt(@Args(() => ReplayAttemptArguments) args: ReplayAttemptArguments, @Ctx() context: Context) {
    const waitSeconds = checkedWaitSeconds(args.waitSeconds ?? context.settings.waitSeconds);
    const reason = reasonArgument(args.reason);
    const idempotencyKey = idempotencyKeyArgument(args.idempotencyKey);
    const attemptId = parseId(args.attemptId);
    if (attemptId === null) throw notFound();
    const run = await context.loaders.run.load(
      await replayAttempt(context, { attemptId, reason, idempotencyKey, waitSeconds }),
    );
    const attempt = run?.lastAttemptId == null ? null : await context.loaders.attempt.load(run.lastAttemptId);
    if (!run || !attempt) throw notFound(); // erased meanwhile
    const result = resultOf(run);
    return { message: messages[result.status], attemptId, result, run, attempt };
  }
}

const messages = { SUCCESS: "Replay completed successfully", FAIL: "Replay failed", RUNNING: "Replay initiated" };
