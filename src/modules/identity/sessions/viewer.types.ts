import { Field, ObjectType } from "type-graphql";
import { User } from "../users/user.types.js";
import type { ApiKeyViewer, GuestViewer, UserViewer } from "../viewer.js";

@ObjectType("Viewer", {
  description: "Who sends the request: a signed-in person with their memberships, a guest, or an API key.",
})
export class ViewerProfile {
  @Field(() => User, { nullable: true, description: "The person; null for a guest and for an API key." })
  user!: UserViewer | null;

  readonly guest?: GuestViewer;

  readonly apiKey?: ApiKeyViewer;
}
