import { Field, ObjectType } from "type-graphql";
import { User } from "./user.types.js";
import type { GuestViewer, UserViewer } from "./viewer.js";

@ObjectType("Viewer", {
  description: "Who is asking: the person signed in, and what they are in which company; or a guest.",
})
export class ViewerProfile {
  @Field(() => User, { nullable: true, description: "The person; null for a guest alone." })
  user!: UserViewer | null;

  readonly guest?: GuestViewer;
}
