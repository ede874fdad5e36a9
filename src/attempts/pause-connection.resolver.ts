import { Arg, Ctx, ID, Mutation, Resolver } from "type-graphql";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { idArgument } from "../graphql/id-argument.js";
import { pauseConnection, resumeConnection, type PauseRequest } from "./pause-connection.js";
import { reasonArgument } from "./reason.js";

@Resolver()
export class PauseConnectionResolver {
  @Mutation(() => CalendarConnection, {
    nullable: true,
    description: "Stops a connection's sync: waiting runs are held, a running one may end, new ones are refused.",
  })
  pauseConnection(
    @Arg("connectionId", () => ID) id: string,
    @Arg("reason", () => String, { nullable: true }) reason: string | null | undefined,
    @Ctx() context: Context,
  ) {
    return changed(context, pauseConnection, id, reason);
  }

  @Mutation(() => CalendarConnection, {
    nullable: true,
    description: "Goes on with a paused connection: held runs are queued again, a pull is due.",
  })
  resumeConnection(
    @Arg("connectionId", () => ID) id: string,
    @Arg("reason", () => String, { nullable: true }) reason: string | null | undefined,
    @Ctx() context: Context,
  ) {
    return changed(context, resumeConnection, id, reason);
  }
}

async function changed(
  context: Context,
  change: (context: Context, request: PauseRequest) => Promise<void>,
  id: string,
  reason: string | null | undefined,
) {
  const connectionId = idArgument(id);
  await change(context, { connectionId, reason: reasonArgument(reason) });
  return context.loaders.connection.load(connectionId);
}
