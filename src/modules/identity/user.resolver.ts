import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { CreateUserInput } from "./user.inputs.js";
import type { Person } from "./user.repository.js";
import type { UserService } from "./user.service.js";
import { User } from "./user.types.js";
import type { ViewerContext } from "./viewer.js";

@Resolver(() => User)
export class UserResolver {
  constructor(private readonly users: UserService) {}

  @Mutation(() => User, { description: "Creates an account; for administrators." })
  createUser(
    @Arg("input", () => CreateUserInput, { description: "The account." }) input: CreateUserInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.users.createUser(viewer, input);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "The address that the person signs in with, in small letters. Guests know people by their names: to them it is null.",
  })
  email(@Root() person: Person, @Ctx() { viewer }: ViewerContext): string | null {
    return viewer.kind === "guest" ? null : person.email;
  }

  @FieldResolver(() => Boolean, {
    nullable: true,
    description: "Whether the person administers the whole installation. To guests it is null.",
  })
  isAdmin(@Root() person: Person, @Ctx() { viewer }: ViewerContext): boolean | null {
    return viewer.kind === "guest" ? null : person.isAdmin;
  }
}
