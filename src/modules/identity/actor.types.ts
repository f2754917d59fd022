import { Field, InterfaceType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";

/**
 * What people, guests and API keys have in common, as the loaders return them. Only guests have a display name, only
 * keys a prefix.
 */
export interface ActorView {
  readonly id: string;
  readonly name: string;
  readonly displayName?: string;
  readonly prefix?: string;
}

@InterfaceType({
  description: "An author: a person with an account, a guest, or an API key as the uploader of files.",
  resolveType: (actor: ActorView) => {
    if ("prefix" in actor) return "ApiKey";
    return "displayName" in actor ? "Guest" : "User";
  },
})
export abstract class Actor {
  @Field(() => ID, { description: "The actor's id." })
  id!: string;

  @Field(() => String, { description: "Name of the actor." })
  name!: string;
}
