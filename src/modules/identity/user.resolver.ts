import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Connection } from "../../platform/graphql/connection.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";
import { CreateUserInput, UpdateUserInput, UsersArgs } from "./user.inputs.js";
import type { UserLoaders } from "./user.loaders.js";
import type { Person } from "./user.repository.js";
import type { UserService } from "./user.service.js";
import { User, UserConnection } from "./user.types.js";
import type { UserAccessService } from "./user-access.service.js";
import type { ViewerContext } from "./viewer.js";

const ID_OPTIONS = { description: "The person's id." };

@Resolver(() => User)
export class UserResolver {
  constructor(
    private readonly users: UserService,
    private readonly access: UserAccessService,
    private readonly loaders: UserLoaders,
  ) {}

  @Query(() => User, {
    nullable: true,
    description: "An account, for administrators and the person; null for everybody else.",
  })
  user(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person | null> {
    return this.users.readUser(viewer, id);
  }

  @Query(() => UserConnection, {
    name: "users",
    description: "All accounts by name; for administrators. Others see the people of their companies.",
  })
  usersOfInstallation(
    @Args(() => UsersArgs) args: UsersArgs,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Connection<Person>> {
    return this.users.browseUsers(viewer, args);
  }

  @Mutation(() => User, { description: "Creates an account; for administrators." })
  createUser(
    @Arg("input", () => CreateUserInput, { description: "The account." }) input: CreateUserInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.users.createUser(viewer, input);
  }

  @Mutation(() => User, {
    description: "Changes an account; for administrators. Everybody may change their own name.",
  })
  updateUser(
    @Arg("input", () => UpdateUserInput, { description: "The changes." }) input: UpdateUserInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.users.editUser(viewer, input);
  }

  @Mutation(() => User, {
    description:
      "Locks a person out: their sessions, subscriptions and URLs end at once, what they made stays; for administrators.",
  })
  deactivateUser(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.access.deactivateUser(viewer, id);
  }

  @Mutation(() => User, { description: "Lets a person in again, who then signs in; for administrators." })
  reactivateUser(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.access.reactivateUser(viewer, id);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "Since when the person is locked out; null while they may sign in. For administrators and the staff of the person's companies: to others it is null.",
  })
  deactivatedAt(@Root() { id }: Person, @Ctx() context: ViewerContext): Promise<Date | null> {
    return this.loaders.deactivatedAt(context).load(id);
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
