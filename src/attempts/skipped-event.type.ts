import { Field, ID, ObjectType } from "type-graphql";

@ObjectType({ description: "An event that a run could not keep. The rest of its calendar is not held up by it." })
export class SkippedEvent {
  @Field(() => ID, { nullable: true, description: "The provider's id; null where it has none that can be stored." })
  externalEventId!: string | null;

  @Field(() => String, { description: "What is wrong with it. Names fields of the provider's, never their content." })
  reason!: string;
}

/** As a run keeps it. */
export type KeptSkippedEvent = Pick<SkippedEvent, "externalEventId" | "reason">;

/** So many of a run's skipped events are told one by one; the rest is only counted. */
export const mostSkippedEvents = 20;
