import { Args, ArgsType, Ctx, Field, ID, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import { Appointment } from "../appointments/appointment.entity.js";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { parseId } from "../id.js";
import { idempotencyKeyArgument, idempotencyKeyDescription } from "../idempotency/idempotency-key-argument.js";
import { reasonArgument } from "./reason.js";
import { resyncAppointment } from "./resync-appointment.js";
import { resultOf, SyncResult } from "./sync-result.type.js";
import { SyncRun } from "./sync-run.entity.js";
import { checkedWaitSeconds } from "./wait-seconds.js";

@ObjectType()
class ResyncAppointmentPayload {
  @Field(() => String)
  message!: string;

  @Field(() => ID)
  appointmentId!: string;

  @Field(() => String)
  externalEventId!: string;

  @Field(() => SyncResult)
  result!: SyncResult;

  @Field(() => SyncRun)
  run!: SyncRun;

  @Field(() => Appointment)
  appointment!: Appointment;
}

@ArgsType()
class ResyncAppointmentArguments {
  @Field(() => ID)
  appointmentId!: string;

  @Field(() => Int, { nullable: true, description: "0 to 25; null is the server's default, 0 answers at once." })
  waitSeconds?: number | null;

  @Field(() => String, { nullable: true, description: "Goes into the audit; at most 500 characters." })
  reason?: string | null;

  @Field(() => String, { nullable: true, description: idempotencyKeyDescription })
  idempotencyKey?: string | null;
}

@Resolver()
export class ResyncAppointmentResolver {
  @Mutation(() => ResyncAppointmentPayload, {
    nullable: true,
    description:
      "Reads one appointment's event anew. An event that is gone at the provider is a success: it is cancelled.",
  })
  async resyncAppointment(
    @Args(() => ResyncAppointmentArguments) args: ResyncAppointmentArguments,
    @Ctx() context: Context,
  ) {
    const waitSeconds = checkedWaitSeconds(args.waitSeconds ?? context.settings.waitSeconds);
    const reason = reasonArgument(args.reason);
    const idempotencyKey = idempotencyKeyArgument(args.idempotencyKey);
    const appointmentId = parseId(args.appointmentId);
    if (appointmentId === null) throw notFound();
    const id = await resyncAppointment(context, { appointmentId, reason, idempotencyKey, waitSeconds });
    const [run, appointment] = await Promise.all([
      context.loaders.run.load(id),
      context.loaders.appointment.load(appointmentId),
    ]);
    if (!run || appointment?.externalEventId == null) throw notFound(); // erased meanwhile
    const result = resultOf(run);
    return {
      message: messageOf(result),
      appointmentId,
      externalEventId: appointment.externalEventId,
      result,
      run,
      appointment,
    };
  }
}

function messageOf({ status, errorSummary }: ReturnType<typeof resultOf>): string {
  switch (status) {
    case "SUCCESS":
      return "Appointment resynced successfully";
    case "RUNNING":
      return "Appointment resync initiated";
    case "FAIL":
      return `Resync failed: ${errorSummary ?? "unknown"}`;
  }
}
