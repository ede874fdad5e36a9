import { Args, ArgsType, Ctx, Field, ID, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { DateTime } from "../date-time.js";
import { connectionType } from "../graphql/page.type.js";
import { PagedArguments } from "../graphql/paging-arguments.js";
import { listAuditEvents } from "./audit-event-list.js";
import { AuditEvent } from "./audit-event.entity.js";

const AuditEventConnection = connectionType("AuditEvent", AuditEvent);

@ArgsType()
class AuditEventsArguments extends PagedArguments {
  @Field(() => String, { nullable: true })
  resourceType?: string | null;

  @Field(() => ID, { nullable: true })
  resourceId?: string | null;

  @Field(() => String, { nullable: true })
  eventType?: string | null;

  @Field(() => ID, { nullable: true })
  actorId?: string | null;

  @Field(() => ID, { nullable: true })
  correlationId?: string | null;

  @Field(() => String, { nullable: true, description: "info, warning or error." })
  severity?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Recorded at this instant or later." })
  createdAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Recorded before this instant." })
  createdBefore?: Date | null;
}

@Resolver(() => AuditEvent)
export class AuditEventResolver {
  @Query(() => AuditEventConnection, {
    nullable: true,
    description: "What was done in the firm, newest first. Reading it is recorded too.",
  })
  auditEvents(@Args(() => AuditEventsArguments) args: AuditEventsArguments, @Ctx() context: Context) {
    return listAuditEvents(context, args, args);
  }
}
