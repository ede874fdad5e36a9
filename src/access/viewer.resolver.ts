import { Ctx, Field, ID, ObjectType, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { isManager, isStaff } from "./actor.js";

@ObjectType({ description: "Who asks, as the token says." })
class Viewer {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name!: string | null;

  @Field(() => ID)
  firmId!: string;

  @Field(() => String, { description: "client, staff, manager, partner or firm_admin." })
  role!: string;

  @Field(() => Boolean)
  isStaff!: boolean;

  @Field(() => Boolean, { description: "Manager or above: may use everything beside viewer." })
  isManager!: boolean;
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer)
  viewer(@Ctx() { actor }: Context) {
    const { userId, name, firmId, role } = actor;
    return { id: userId, name, firmId, role, isStaff: isStaff(actor), isManager: isManager(actor) };
  }
}
