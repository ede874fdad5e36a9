import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { DateTime } from "../date-time.js";
import { notFound } from "../errors.js";
import { connectionType } from "../graphql/page.type.js";
import { PagedArguments } from "../graphql/paging-arguments.js";
import type { RowOf } from "../graphql/rows.js";
import { parseId } from "../id.js";
import { listAppointments } from "./appointment-list.js";
import { Appointment, AppointmentStatus } from "./appointment.entity.js";

const AppointmentConnection = connectionType("Appointment", Appointment);

@ArgsType()
class AppointmentsArguments extends PagedArguments {
  @Field(() => ID, { nullable: true })
  connectionId?: string | null;

  @Field(() => String, { nullable: true })
  externalEventId?: string | null;

  @Field(() => AppointmentStatus, { nullable: true })
  status?: AppointmentStatus | null;

  @Field(() => DateTime, { nullable: true, description: "Starting at this instant or later." })
  startsAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Starting before this instant." })
  startsBefore?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Changed at this instant or later; orders the list by the change, oldest first.",
  })
  updatedAfter?: Date | null;
}

@Resolver(() => Appointment)
export class AppointmentResolver {
  @Query(() => Appointment, { nullable: true })
  async appointment(@Arg("id", () => ID) text: string, @Ctx() { loaders }: Context) {
    const id = parseId(text);
    const appointment = id === null ? null : await loaders.appointment.load(id);
    if (!appointment) throw notFound();
    return appointment;
  }

  @Query(() => AppointmentConnection, {
    nullable: true,
    description:
      "By start and id; with updatedAfter by change and id: a feed of changes, cancellations among them, that misses none when the next " +
      "request goes on with the last updatedAt. What is being changed at the moment comes with a later request.",
  })
  appointments(@Args(() => AppointmentsArguments) args: AppointmentsArguments, @Ctx() context: Context) {
    return listAppointments(context, args, args);
  }

  @FieldResolver(() => CalendarConnection, { nullable: true })
  connection(@Root() { connectionId }: RowOf<Appointment>, @Ctx() { loaders }: Context) {
    return connectionId === null ? null : loaders.connection.load(connectionId);
  }
}
