import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ViewerContext } from "../viewer.js";
import { clientOf } from "../viewer.js";
import type { OwnSessionService } from "./own-session.service.js";
import { SignInInput } from "./session.inputs.js";
import type { SessionService, StartedSession } from "./session.service.js";
import { Session } from "./session.types.js";
import { ViewerProfile } from "./viewer.types.js";

@Resolver(() => Session)
export class SessionResolver {
  constructor(
    private readonly sessions: SessionService,
    private readonly ownSessions: OwnSessionService,
  ) {}

  @Mutation(() => Session, { description: "Opens a session with an e-mail address and a password." })
  signIn(
    @Arg("input", () => SignInInput, { description: "E-mail address and password." }) input: SignInInput,
    @Ctx() context: ViewerContext,
  ): Promise<StartedSession> {
    return this.sessions.signIn(input, clientOf(context));
  }

  @Mutation(() => Session, {
    description:
      "Exchanges a refresh token for a new pair of tokens. A token that was used in the last 10 seconds returns the same new refresh token; a later use ends the session.",
  })
  refreshSession(
    @Arg("refreshToken", () => String, { description: "The newest refresh token of the session." })
    refreshToken: string,
    @Ctx() context: ViewerContext,
  ): Promise<StartedSession> {
    return this.sessions.refreshSession(refreshToken, clientOf(context));
  }

  @Mutation(() => Boolean, {
    description:
      "Ends the session of the access token, and that of the refresh token if it is given. False if neither was open.",
  })
  signOut(
    @Ctx() { viewer }: ViewerContext,
    @Arg("refreshToken", () => String, {
      nullable: true,
      description: "A refresh token of the session, for clients without a valid access token.",
    })
    refreshToken?: string | null,
  ): Promise<boolean> {
    return this.sessions.signOut(viewer, refreshToken);
  }

  @Mutation(() => ViewerProfile, {
    description:
      "Ends a session of the viewer at once, with its tokens, subscriptions and event streams; NOT_FOUND for other sessions.",
  })
  async endSession(
    @Arg("id", () => ID, { description: "The session's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<ViewerProfile> {
    return { user: await this.ownSessions.endSession(viewer, id) };
  }

  @Mutation(() => ViewerProfile, {
    description: "Signs the viewer out everywhere else: ends all their sessions except the current one.",
  })
  async endOtherSessions(@Ctx() { viewer }: ViewerContext): Promise<ViewerProfile> {
    return { user: await this.ownSessions.endOtherSessions(viewer) };
  }

  @FieldResolver(() => ViewerProfile, { description: "The person who is signed in." })
  viewer(@Root() { viewer }: StartedSession): ViewerProfile {
    return { user: viewer };
  }
}
