import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Connection } from "../../../platform/graphql/connection.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import type { Viewer, ViewerContext } from "../viewer.js";
import { CreateUserInput, UpdateUserInput, UsersArgs } from "./user.inputs.js";
import type { UserLoaders } from "./user.loaders.js";
import type { Person } from "./user.repository.js";
import type { UserService } from "./user.service.js";
import { User, UserConnection } from "./user.types.js";

const ID_OPTIONS = { description: "The person's id." };

/** Guests and API keys meet people as authors, by their names. Whoever has just signed in has no token yet. */
const seesAccounts = ({ kind }: Viewer) => kind !== "guest" && kind !== "api-key";

@Resolver(() => User)
export class UserResolver {
  constructor(
    private readonly users: UserService,
    private readonly loaders: UserLoaders,
  ) {}

  @Query(() => User, {
    nullable: true,
    description: "One account, for administrators and the person; null for everybody else.",
  })
  user(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person | null> {
    return this.users.readUser(viewer, id);
  }

  @Query(() => UserConnection, {
    name: "users",
    description: "All accounts by name. For administrators.",
  })
  usersOfInstallation(
    @Args(() => UsersArgs) args: UsersArgs,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Connection<Person>> {
    return this.users.browseUsers(viewer, args);
  }

  @Mutation(() => User, { description: "Creates an account. For administrators." })
  createUser(
    @Arg("input", () => CreateUserInput, { description: "The account." }) input: CreateUserInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.users.createUser(viewer, input);
  }

  @Mutation(() => User, {
    description: "Changes an account. For administrators; everybody may change their own name.",
  })
  updateUser(
    @Arg("input", () => UpdateUserInput, { description: "The changes." }) input: UpdateUserInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.users.editUser(viewer, input);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "When the person was locked out; null if they may sign in. Visible to administrators and the staff of the person's companies, null for others.",
  })
  deactivatedAt(@Root() { id }: Person, @Ctx() context: ViewerContext): Promise<Date | null> {
    return this.loaders.deactivatedAt(context).load(id);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "E-mail address for signing in, in lowercase. Null for guests and API keys.",
  })
  email(@Root() person: Person, @Ctx() { viewer }: ViewerContext): string | null {
    return seesAccounts(viewer) ? person.email : null;
  }

  @FieldResolver(() => Boolean, {
    nullable: true,
    description:
      "Whether the person is an administrator of the whole installation. Null for guests and API keys.",
  })
  isAdmin(@Root() person: Person, @Ctx() { viewer }: ViewerContext): boolean | null {
    return seesAccounts(viewer) ? person.isAdmin : null;
  }
}
