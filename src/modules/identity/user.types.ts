import { Field, ID, ObjectType } from "type-graphql";

@ObjectType({ simpleResolvers: true, description: "A person with an account." })
export class User {
  @Field(() => ID, { description: "The person's id." })
  id!: string;

  @Field(() => String, { description: "The address that the person signs in with, in small letters." })
  email!: string;

  @Field(() => String, { description: "What the person is called." })
  name!: string;

  @Field(() => Boolean, { description: "Whether the person administers the whole installation." })
  isAdmin!: boolean;
}
