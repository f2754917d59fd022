import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { ChangePasswordInput, ResetPasswordInput } from "./password.inputs.js";
import type { PasswordService } from "./password.service.js";
import { PasswordReset } from "./password.types.js";
import type { GivenPasswordReset } from "./password-reset-link.js";
import type { ViewerContext } from "./viewer.js";
import { ViewerProfile } from "./viewer.types.js";

@Resolver()
export class PasswordResolver {
  constructor(private readonly passwords: PasswordService) {}

  @Mutation(() => ViewerProfile, {
    description: "Changes the viewer's own password, and ends all their sessions but the one that asks.",
  })
  async changePassword(
    @Arg("input", () => ChangePasswordInput, { description: "The old password and the new one." })
    input: ChangePasswordInput,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<ViewerProfile> {
    return { user: await this.passwords.changePassword(viewer, input) };
  }

  @Mutation(() => PasswordReset, {
    description:
      "Makes a link by which a person sets a new password, and ends the one made before; for administrators.",
  })
  createPasswordReset(
    @Arg("userId", () => ID, { description: "Whose password." }) userId: string,
    @Ctx() { viewer, baseUrl }: ViewerContext,
  ): Promise<GivenPasswordReset> {
    return this.passwords.createPasswordReset(viewer, userId, baseUrl);
  }

  @Mutation(() => Boolean, {
    description:
      "Sets a new password by a link, which is good once, and ends all sessions of the person. True: sign in with it.",
  })
  resetPassword(
    @Arg("input", () => ResetPasswordInput, { description: "The link's token and the new password." })
    input: ResetPasswordInput,
    @Ctx() { clientAddress }: ViewerContext,
  ): Promise<boolean> {
    return this.passwords.resetPassword(input, clientAddress);
  }
}
