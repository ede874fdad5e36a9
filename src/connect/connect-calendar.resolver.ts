import { Arg, Args, ArgsType, Ctx, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import { reasonArgument } from "../attempts/reason.js";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { CalendarProvider } from "../connections/calendar-connection.enums.js";
import type { Context } from "../context.js";
import { DateTime } from "../date-time.js";
import { idArgument } from "../graphql/id-argument.js";
import { connectCalendar, reconnectCalendar } from "./begin-connecting.js";
import { disconnectCalendar } from "./disconnect-calendar.js";

@ObjectType({ description: "Where a calendar's user is asked to let this server in." })
class CalendarConsent {
  @Field(() => String, {
    description: "The provider's page, to be opened in the browser that has asked: the answer has set a cookie in it.",
  })
  consentUrl!: string;

  @Field(() => DateTime, { description: "Until when its user may come back from there." })
  expiresAt!: string;
}

@ArgsType()
class ConnectCalendarArguments {
  @Field(() => CalendarProvider)
  provider!: CalendarProvider;

  @Field(() => ID, { description: "Whose calendar it is, as the firm's own system names its staff." })
  ownerId!: string;

  @Field(() => String, { nullable: true, description: returnUrlDescription() })
  returnUrl?: string | null;

  @Field(() => String, { nullable: true, description: "Goes into the audit; at most 500 characters." })
  reason?: string | null;
}

@ArgsType()
class ReconnectCalendarArguments {
  @Field(() => ID)
  connectionId!: string;

  @Field(() => String, { nullable: true, description: returnUrlDescription() })
  returnUrl?: string | null;

  @Field(() => String, { nullable: true, description: "Goes into the audit; at most 500 characters." })
  reason?: string | null;
}

@Resolver()
export class ConnectCalendarResolver {
  @Mutation(() => CalendarConsent, {
    nullable: true,
    description: "Begins to connect a calendar: its user agrees at the provider and chooses it; then it is synced.",
  })
  connectCalendar(@Args(() => ConnectCalendarArguments) args: ConnectCalendarArguments, @Ctx() context: Context) {
    const { provider, ownerId, returnUrl } = args;
    return connectCalendar(context, { provider, ownerId, returnUrl, reason: reasonArgument(args.reason) });
  }

  @Mutation(() => CalendarConsent, {
    nullable: true,
    description: "The same for a connection that is revoked: it goes on with new tokens, its appointments and its id.",
  })
  reconnectCalendar(@Args(() => ReconnectCalendarArguments) args: ReconnectCalendarArguments, @Ctx() context: Context) {
    const connectionId = idArgument(args.connectionId);
    return reconnectCalendar(context, {
      connectionId,
      returnUrl: args.returnUrl,
      reason: reasonArgument(args.reason),
    });
  }

  @Mutation(() => CalendarConnection, {
    nullable: true,
    description:
      "Ends a connection: its tokens are taken back and forgotten, its runs end, its appointments stay. Changes nothing on one that is disconnected.",
  })
  async disconnectCalendar(
    @Arg("connectionId", () => ID) id: string,
    @Arg("reason", () => String, { nullable: true }) reason: string | null | undefined,
    @Ctx() context: Context,
  ) {
    const connectionId = idArgument(id);
    await disconnectCalendar(context, { connectionId, reason: reasonArgument(reason) });
    return context.loaders.connection.load(connectionId);
  }
}

function returnUrlDescription(): string {
  return "Where the browser goes when it is done, with connectionId in the query: an address of this server or of an origin in CORS_ORIGINS.";
}
