import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ViewerContext } from "../viewer.js";
import { clientOf } from "../viewer.js";
import { ChangePasswordInput, ResetPasswordInput } from "./password.inputs.js";
import type { PasswordService } from "./password.service.js";
import { PasswordReset } from "./password.types.js";
import type { GivenPasswordReset } from "./password-reset-link.js";
import { ViewerProfile } from "./viewer.types.js";

@Resolver()
export class PasswordResolver {
  constructor(private readonly passwords: PasswordService) {}

  @Mutation(() => ViewerProfile, {
    description: "Changes the viewer's own password, and ends all their sessions except the current one.",
  })
  async changePassword(
    @Arg("input", () => ChangePasswordInput, { description: "The current password and the new one." })
    input: ChangePasswordInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<ViewerProfile> {
    return { user: await this.passwords.changePassword(viewer, input) };
  }

  @Mutation(() => PasswordReset, {
    description:
      "Creates a link with which a person can set a new password; it replaces the previous link. For administrators.",
  })
  createPasswordReset(
    @Arg("userId", () => ID, { description: "The person's id." }) userId: string,
    @Ctx() { viewer, baseUrl }: ViewerContext,
  ): Promise<GivenPasswordReset> {
    return this.passwords.createPasswordReset(viewer, userId, baseUrl);
  }

  @Mutation(() => Boolean, {
    description:
      "Sets a new password with the token of a link, which can be used once, and ends all sessions of the person. True: the person can sign in with it.",
  })
  resetPassword(
    @Arg("input", () => ResetPasswordInput, { description: "The token of the link and the new password." })
    input: ResetPasswordInput,
    @Ctx() context: ViewerContext,
  ): Promise<boolean> {
    return this.passwords.resetPassword(input, clientOf(context));
  }
}
