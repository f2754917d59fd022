import { Field, ObjectType } from "type-graphql";
import { User } from "./user.types.js";

@ObjectType("Viewer", {
  description: "Who is asking: the person signed in, and what they are in which company.",
})
export class ViewerProfile {
  @Field(() => User, { description: "The person." })
  user!: User;
}
