import { ArgsType, Field, Int } from "type-graphql";
import type { Context } from "../context.js";
import { idempotencyKeyArgument, idempotencyKeyDescription } from "../idempotency/idempotency-key-argument.js";
import { reasonArgument } from "./reason.js";
import type { RunRequest } from "./run-request.js";
import { checkedWaitSeconds } from "./wait-seconds.js";

/** What every mutation takes that asks for a run. */
@ArgsType()
export class RunRequestArguments {
  @Field(() => Int, {
    nullable: true,
    description: "0 to 25: how long to wait for the end; null is the server's default, 0 answers at once.",
  })
  waitSeconds?: number | null;

  @Field(() => String, { nullable: true, description: "Goes into the audit; at most 500 characters." })
  reason?: string | null;

  @Field(() => String, { nullable: true, description: idempotencyKeyDescription })
  idempotencyKey?: string | null;
}

/** @throws AppError BAD_USER_INPUT naming the argument */
export function runRequestOf(args: RunRequestArguments, { settings }: Context): RunRequest {
  return {
    waitSeconds: checkedWaitSeconds(args.waitSeconds ?? settings.waitSeconds),
    reason: reasonArgument(args.reason),
    idempotencyKey: idempotencyKeyArgument(args.idempotencyKey),
  };
}
