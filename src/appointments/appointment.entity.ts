import type { Opt } from "@mikro-orm/core";
import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { bigint, firmColumn, instant } from "../database/columns.js";
import { DateTime } from "../date-time.js";

export const AppointmentStatus = { CONFIRMED: "CONFIRMED", TENTATIVE: "TENTATIVE", CANCELLED: "CANCELLED" } as const;
export type AppointmentStatus = keyof typeof AppointmentStatus;
registerEnumType(AppointmentStatus, { name: "AppointmentStatus" });

/** One concrete occurrence; unique by firm, connection and external event id. */
@ObjectType()
@Entity({ tableName: "appointment" })
export class Appointment {
  @Property(firmColumn)
  firmId!: string;

  @Field(() => ID)
  @PrimaryKey({ type: bigint })
  id!: string;

  @Property({ type: bigint, nullable: true })
  connectionId!: string | null;

  @Field(() => String)
  @Property({ type: "text" })
  title!: string;

  @Field(() => AppointmentStatus)
  @Property({ type: "text" })
  status!: AppointmentStatus;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  statusReason!: string | null;

  /** All-day appointments: midnight UTC of their first day. */
  @Field(() => DateTime)
  @Property({ ...instant })
  startsAt!: Date;

  /** Exclusive. */
  @Field(() => DateTime)
  @Property({ ...instant })
  endsAt!: Date;

  @Field(() => Boolean)
  @Property({ type: "boolean" })
  isAllDay!: boolean;

  /** IANA name. */
  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  timeZone!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  externalEventId!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  recurringEventId!: string | null;

  /** Under which an event of ours is made at the provider; null while nobody has asked for it, and for the provider's own. */
  @Property({ type: "uuid", nullable: true })
  eventKey!: string | null;

  /** What our side has changed and the provider does not have yet: title, status, times. A pull keeps our values of these. */
  @Property({ type: "array", columnType: "text[]" })
  unpushedFields: string[] & Opt = [];

  /** Raised by each change of our side. */
  @Property({ type: "integer" })
  localVersion: number & Opt = 0;

  /** When what our side says was last brought to the provider. */
  @Property({ ...instant, nullable: true })
  pushedAt!: Date | null;

  @Property({ ...instant })
  createdAt!: Date;

  @Field(() => DateTime)
  @Property({ ...instant })
  updatedAt!: Date;
}
