import { Args, ArgsType, Ctx, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import { Appointment } from "../appointments/appointment.entity.js";
import type { AppointmentContent } from "../appointments/local-change.js";
import { RunRequestArguments, runRequestOf } from "../attempts/run-request.arguments.js";
import { resultOf, SyncResult } from "../attempts/sync-result.type.js";
import { SyncRun } from "../attempts/sync-run.entity.js";
import type { Context } from "../context.js";
import { DateTime } from "../date-time.js";
import { notFound } from "../errors.js";
import { idArgument } from "../graphql/id-argument.js";
import { cancelAppointment } from "./cancel-appointment.js";
import { createAppointment } from "./create-appointment.js";
import { updateAppointment } from "./update-appointment.js";

@ObjectType({
  description: "An appointment that was changed here, and how it stands with bringing that to its provider.",
})
class AppointmentChangePayload {
  @Field(() => String)
  message!: string;

  @Field(() => Appointment)
  appointment!: Appointment;

  @Field(() => SyncResult)
  result!: SyncResult;

  @Field(() => SyncRun)
  run!: SyncRun;
}

const titleDescription = "1 to 255 characters.";
const allDayDescription = "startsAt and endsAt are then midnights UTC: of the first day, and after the last one.";
const zoneDescription = "An IANA name such as Europe/Zurich: where the event is shown.";

@ArgsType()
class CreateAppointmentArguments extends RunRequestArguments {
  @Field(() => ID)
  connectionId!: string;

  @Field(() => String, { description: titleDescription })
  title!: string;

  @Field(() => DateTime)
  startsAt!: Date;

  @Field(() => DateTime, { description: "Exclusive." })
  endsAt!: Date;

  @Field(() => Boolean, { defaultValue: false, description: allDayDescription })
  isAllDay!: boolean;

  @Field(() => String, { nullable: true, description: zoneDescription })
  timeZone?: string | null;

  @Field(() => Boolean, { defaultValue: false })
  isTentative!: boolean;
}

@ArgsType()
class UpdateAppointmentArguments extends RunRequestArguments {
  @Field(() => ID)
  appointmentId!: string;

  @Field(() => String, { nullable: true, description: titleDescription })
  title?: string | null;

  @Field(() => DateTime, { nullable: true })
  startsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Exclusive." })
  endsAt?: Date | null;

  @Field(() => Boolean, { nullable: true, description: allDayDescription })
  isAllDay?: boolean | null;

  @Field(() => String, { nullable: true, description: zoneDescription })
  timeZone?: string | null;

  @Field(() => Boolean, { nullable: true })
  isTentative?: boolean | null;
}

@ArgsType()
class CancelAppointmentArguments extends RunRequestArguments {
  @Field(() => ID)
  appointmentId!: string;
}

@Resolver()
export class AppointmentChangesResolver {
  @Mutation(() => AppointmentChangePayload, {
    nullable: true,
    description:
      "Makes an appointment, and an event of it in the connection's calendar: one, whatever fails on the way.",
  })
  async createAppointment(
    @Args(() => CreateAppointmentArguments) args: CreateAppointmentArguments,
    @Ctx() context: Context,
  ) {
    const { title, startsAt, endsAt, isAllDay, isTentative, timeZone = null } = args;
    const content = { title, startsAt, endsAt, isAllDay, isTentative, timeZone };
    const connectionId = idArgument(args.connectionId);
    return payload(
      context,
      "created",
      await createAppointment(context, { ...runRequestOf(args, context), ...content, connectionId }),
    );
  }

  @Mutation(() => AppointmentChangePayload, {
    nullable: true,
    description:
      "Changes what is given and leaves the rest as it is, here and in the event. What somebody changes in the calendar meanwhile stays, " +
      "except for these fields.",
  })
  async updateAppointment(
    @Args(() => UpdateAppointmentArguments) args: UpdateAppointmentArguments,
    @Ctx() context: Context,
  ) {
    const appointmentId = idArgument(args.appointmentId);
    const changes = changesOf(args);
    return payload(
      context,
      "updated",
      await updateAppointment(context, { ...runRequestOf(args, context), appointmentId, changes }),
    );
  }

  @Mutation(() => AppointmentChangePayload, {
    nullable: true,
    description: "Calls an appointment off and removes its event, also one that somebody has changed in the calendar.",
  })
  async cancelAppointment(
    @Args(() => CancelAppointmentArguments) args: CancelAppointmentArguments,
    @Ctx() context: Context,
  ) {
    const appointmentId = idArgument(args.appointmentId);
    return payload(
      context,
      "cancelled",
      await cancelAppointment(context, { ...runRequestOf(args, context), appointmentId }),
    );
  }
}

/** What is absent or null is not to be changed. */
function changesOf(args: UpdateAppointmentArguments): Partial<AppointmentContent> {
  const { title, startsAt, endsAt, isAllDay, isTentative, timeZone } = args;
  return {
    ...(title == null ? {} : { title }),
    ...(startsAt == null ? {} : { startsAt }),
    ...(endsAt == null ? {} : { endsAt }),
    ...(isAllDay == null ? {} : { isAllDay }),
    ...(isTentative == null ? {} : { isTentative }),
    ...(timeZone == null ? {} : { timeZone }),
  };
}

async function payload({ loaders }: Context, done: string, runId: string) {
  const run = await loaders.run.load(runId);
  const appointment = run?.appointmentId == null ? null : await loaders.appointment.load(run.appointmentId);
  if (!run || !appointment) throw notFound(); // erased meanwhile
  const result = resultOf(run);
  return { message: messageOf(done, result), appointment, result, run };
}

function messageOf(done: string, { status, errorSummary }: ReturnType<typeof resultOf>): string {
  switch (status) {
    case "SUCCESS":
      return `Appointment ${done} and pushed`;
    case "RUNNING":
      return `Appointment ${done}, push initiated`;
    case "FAIL":
      return `Appointment ${done}, push failed: ${errorSummary ?? "unknown"}`;
  }
}
