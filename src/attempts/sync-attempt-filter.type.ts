import { Field, ID, InputType } from "type-graphql";
import { CalendarProvider } from "../connections/calendar-connection.enums.js";
import { DateTime } from "../date-time.js";
import { SyncDirection, SyncErrorClass, SyncOperation } from "./sync.enums.js";

@InputType()
export class SyncAttemptFilter {
  @Field(() => [SyncErrorClass], { nullable: true })
  errorClass?: SyncErrorClass[] | null;

  @Field(() => String, { nullable: true })
  errorCode?: string | null;

  @Field(() => [SyncOperation], { nullable: true })
  operation?: SyncOperation[] | null;

  @Field(() => SyncDirection, { nullable: true })
  direction?: SyncDirection | null;

  @Field(() => CalendarProvider, { nullable: true })
  provider?: CalendarProvider | null;

  @Field(() => ID, { nullable: true })
  appointmentId?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Started at this instant or later." })
  startedAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Started before this instant." })
  startedBefore?: Date | null;
}
