import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { SignInInput } from "./session.inputs.js";
import type { SessionService, StartedSession } from "./session.service.js";
import { Session } from "./session.types.js";
import type { ViewerContext } from "./viewer.js";
import { ViewerProfile } from "./viewer.types.js";

@Resolver(() => Session)
export class SessionResolver {
  constructor(private readonly sessions: SessionService) {}

  @Mutation(() => Session, { description: "Opens a session with an e-mail address and a password." })
  signIn(
    @Arg("input", () => SignInInput, { description: "Whom to sign in." }) input: SignInInput,
    @Ctx() context: ViewerContext,
  ): Promise<StartedSession> {
    return this.sessions.signIn(input, context.clientAddress);
  }

  @Mutation(() => Session, {
    description:
      "Exchanges a refresh token for a new pair. Using one twice ends the session: share one refresh.",
  })
  refreshSession(
    @Arg("refreshToken", () => String, { description: "The newest refresh token of the session." })
    refreshToken: string,
  ): Promise<StartedSession> {
    return this.sessions.refreshSession(refreshToken);
  }

  @Mutation(() => Boolean, {
    description:
      "Ends the session of the access token, and that of the refresh token when given. False if neither was open.",
  })
  signOut(
    @Ctx() { viewer }: ViewerContext,
    @Arg("refreshToken", () => String, {
      nullable: true,
      description: "For who has no good access token any more.",
    })
    refreshToken?: string | null,
  ): Promise<boolean> {
    return this.sessions.signOut(viewer, refreshToken);
  }

  @FieldResolver(() => ViewerProfile, { description: "Who is signed in now." })
  viewer(@Root() { viewer }: StartedSession): ViewerProfile {
    return { user: viewer };
  }
}
