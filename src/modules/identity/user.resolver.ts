import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
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
}
