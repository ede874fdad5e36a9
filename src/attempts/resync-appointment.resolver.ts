import { Args, ArgsType, Ctx, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import { Appointment } from "../appointments/appointment.entity.js";
import type { Context } from "../context.js";
import { notFound } from "../errors.js";
import { idArgument } from "../graphql/id-argument.js";
import { resyncAppointment } from "./resync-appointment.js";
import { RunRequestArguments, runRequestOf } from "./run-request.arguments.js";
import { resultOf, SyncResult } from "./sync-result.type.js";
import { SyncRun } from "./sync-run.entity.js";

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
class ResyncAppointmentArguments extends RunRequestArguments {
  @Field(() => ID)
  appointmentId!: string;
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
    const request = runRequestOf(args, context);
    const appointmentId = idArgument(args.appointmentId);
    const id = await resyncAppointment(context, { appointmentId, ...request });
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
