import { Arg, Ctx, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { parseCorrelationId } from "../id.js";
import { cancelSyncRun } from "./cancel-run.js";
import { reasonArgument } from "./reason.js";
import { findRun } from "./run-list.js";
import { SyncRun } from "./sync-run.entity.js";

@ObjectType()
class CancelSyncRunPayload {
  @Field(() => SyncRun)
  run!: SyncRun;
}

@Resolver()
export class CancelRunResolver {
  @Mutation(() => CancelSyncRunPayload, {
    nullable: true,
    description: "Ends a run: one that runs at its next page. The cursor stays, what was applied stays.",
  })
  async cancelSyncRun(
    @Arg("correlationId", () => ID) text: string,
    @Arg("reason", () => String, { nullable: true }) reasonText: string | null | undefined,
    @Ctx() context: Context,
  ) {
    const reason = reasonArgument(reasonText);
    const correlationId = parseCorrelationId(text);
    const run = correlationId === null ? null : await findRun(context, correlationId);
    if (!run) throw notFound();
    await cancelSyncRun(context, { runId: run.id, reason, waitSeconds: context.settings.waitSeconds });
    return { run: await findRun(context, run.correlationId) };
  }
}
