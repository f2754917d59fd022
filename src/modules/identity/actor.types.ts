import { Field, InterfaceType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import type { GuestView } from "./guest.repository.js";
import type { Person } from "./user.repository.js";

/** A person or a guest, as the loaders give them. */
export type ActorView = Person | GuestView;

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
