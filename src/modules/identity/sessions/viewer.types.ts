import { Field, ObjectType } from "type-graphql";
import { User } from "../users/user.types.js";
import type { GuestViewer, UserViewer } from "../viewer.js";

@ObjectType("Viewer", {
  description: "Who sends the request: a signed-in person with their memberships, or a guest.",
})
export class ViewerProfile {
  @Field(() => User, { nullable: true, description: "The person; null for a guest." })
  user!: UserViewer | null;

  readonly guest?: GuestViewer;
}
