import { ArgsType, Field, Int } from "type-graphql";

@ArgsType()
export class PagedArguments {
  @Field(() => Int, { defaultValue: 50, description: "1 to 200." })
  first!: number;

  @Field(() => String, { nullable: true, description: "The cursor after which the page begins." })
  after?: string | null;
}

@ArgsType()
export class PagedByNumberArguments extends PagedArguments {
  @Field(() => Int, { nullable: true, description: "For numbered pages: 0 to 10,000, not with after." })
  offset?: number | null;
}
