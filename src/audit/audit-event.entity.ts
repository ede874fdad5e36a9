import type { Opt } from "@mikro-orm/core";
import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { GraphQLScalarType } from "graphql";
import { Field, ID, ObjectType } from "type-graphql";
import { bigint, firmColumn, instant } from "../database/columns.js";
import { DateTime } from "../date-time.js";

/** Any JSON value, as it is stored. Only sent, never taken. */
const JsonScalar = new GraphQLScalarType({ name: "JSON", serialize: (value) => value });

/** What was done, by whom, to what. Rows are only ever added, in the transaction of the deed. */
@ObjectType()
@Entity({ tableName: "audit_event" })
export class AuditEvent {
  @Property(firmColumn)
  firmId!: string;

  @Field(() => ID)
  @PrimaryKey({ type: bigint })
  id!: string & Opt;

  @Field(() => String)
  @Property({ type: "text" })
  eventType!: string;

  @Field(() => String)
  @Property({ type: "text" })
  eventCategory!: string;

  @Field(() => String)
  @Property({ type: "text" })
  severity!: string;

  /** The user who asked; null for what the server does by itself. */
  @Field(() => ID, { nullable: true })
  @Property({ type: "text", nullable: true })
  actorId!: string | null;

  @Field(() => String)
  @Property({ type: "text" })
  resourceType!: string;

  @Field(() => ID)
  @Property({ type: bigint })
  resourceId!: string;

  @Field(() => ID, { nullable: true })
  @Property({ type: "uuid", nullable: true })
  correlationId!: string | null;

  /** Ids, times, codes and the reason a manager typed: never titles, attendees, addresses or names. */
  @Field(() => JsonScalar)
  @Property({ type: "json" })
  metadata!: Record<string, unknown>;

  @Field(() => DateTime)
  @Property({ ...instant })
  createdAt!: Date;
}
