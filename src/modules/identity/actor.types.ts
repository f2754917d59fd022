import { Field, InterfaceType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";

/** What people and guests have in common, as the loaders return them. Only guests have a display name. */
export interface ActorView {
  readonly id: string;
  readonly name: string;
  readonly displayName?: string;
}

@InterfaceType({
  description: "An author: a person with an account, or a guest.",
  resolveType: (actor: ActorView) => ("displayName" in actor ? "Guest" : "User"),
})
export abstract class Actor {
  @Field(() => ID, { description: "The actor's id." })
  id!: string;

  @Field(() => String, { description: "Name of the actor." })
  name!: string;
}
