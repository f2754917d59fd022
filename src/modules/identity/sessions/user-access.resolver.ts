import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { Person } from "../users/user.repository.js";
import { User } from "../users/user.types.js";
import type { ViewerContext } from "../viewer.js";
import type { UserAccessService } from "./user-access.service.js";

const ID_OPTIONS = { description: "The person's id." };

/** Who may sign in. */
@Resolver(() => User)
export class UserAccessResolver {
  constructor(private readonly access: UserAccessService) {}

  @Mutation(() => User, {
    description:
      "Locks a person out: their sessions, subscriptions and signed URLs end at once; what they have written stays. For administrators.",
  })
  deactivateUser(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.access.deactivateUser(viewer, id);
  }

  @Mutation(() => User, { description: "Unlocks a person, who has to sign in again. For administrators." })
  reactivateUser(
    @Arg("id", () => ID, ID_OPTIONS) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Person> {
    return this.access.reactivateUser(viewer, id);
  }
}
