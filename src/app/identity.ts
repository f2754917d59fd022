import type { Clock } from "../kernel/clock.js";
import { MINUTE_MS } from "../kernel/clock.js";
import { endParticipations } from "../modules/chat/end-participations.js";
import {
  createGuestTokenIssuer,
  createTokenIssuer,
  createTokenVerifier,
} from "../modules/identity/access-token.js";
import { createActorLoaders } from "../modules/identity/actor.loaders.js";
import { createAttemptLimit } from "../modules/identity/attempt-limit.js";
import { createCompanyLoaders } from "../modules/identity/company.loaders.js";
import { createCompanyService } from "../modules/identity/company.service.js";
import { createGuestLoaders } from "../modules/identity/guest.loaders.js";
import { createInvitationLoaders } from "../modules/identity/invitation.loaders.js";
import { createInvitationService } from "../modules/identity/invitation.service.js";
import { createMembershipLoaders } from "../modules/identity/membership.loaders.js";
import type { MembershipDeps } from "../modules/identity/membership.service.js";
import { createMembershipService } from "../modules/identity/membership.service.js";
import { createOperatorAccountService } from "../modules/identity/operator-account.service.js";
import { createOwnSessionService } from "../modules/identity/own-session.service.js";
import { createPasswordService } from "../modules/identity/password.service.js";
import { createRefreshTokens } from "../modules/identity/refresh-token.js";
import { createScriptTokenService } from "../modules/identity/script-token.service.js";
import { createSessionLoaders } from "../modules/identity/session.loaders.js";
import { createSessionService } from "../modules/identity/session.service.js";
import { createUserLoaders } from "../modules/identity/user.loaders.js";
import { createUserService } from "../modules/identity/user.service.js";
import { createUserAccessService } from "../modules/identity/user-access.service.js";
import { releaseAvatarOfLeaver } from "../modules/media/avatars/release-avatar.js";
import { endAssignments, endTicketParts } from "../modules/tickets/end-ticket-parts.js";
import type { Config } from "../platform/config/config.js";
import type { Database } from "../platform/database/client.js";
import type { Secrets } from "./secrets.js";

interface IdentityOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly db: Database;
  readonly clock: Clock;
}

/** Builds the services for companies, accounts and guests, and the lookup of the viewer. */
export function createIdentity({ config, secrets, db, clock }: IdentityOptions) {
  const { AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const secret = secrets.authSecret;
  const people = { users: createUserLoaders({ db }), guests: createGuestLoaders({ db }) };
  const loaders = {
    ...people,
    actors: createActorLoaders(people),
    companies: createCompanyLoaders({ db }),
    memberships: createMembershipLoaders({ db }),
    invitations: createInvitationLoaders({ db, clock }),
    sessions: createSessionLoaders({ db, clock }),
  };
  const attempts = createAttemptLimit(db, config.SIGN_INS_PER_MINUTE);
  const resets = { db, clock, resetUrl: config.RESET_URL ?? null, resetHours: config.RESET_HOURS };
  return {
    loaders,
    sessions: createSessionService({
      db,
      clock,
      issueToken: createTokenIssuer({ secret, clock }),
      issueGuestToken: createGuestTokenIssuer({
        secret,
        clock,
        lifetimeMs: config.GUEST_SESSION_MINUTES * MINUTE_MS,
      }),
      refreshTokens: createRefreshTokens({ secret }),
      verifyToken: createTokenVerifier({
        secret,
        clock,
        ...(url && issuer && audience && { jwks: { url, issuer, audience } }),
      }),
      attempts,
    }),
    ownSessions: createOwnSessionService({ db, clock }),
    passwords: createPasswordService({ ...resets, attempts }),
    userAccess: createUserAccessService({ db, clock }),
    operatorAccounts: createOperatorAccountService(resets),
    scriptTokens: createScriptTokenService({ db, clock, secret }),
    companies: createCompanyService({ db, clock, retentionDays: config.RETENTION_DAYS }),
    memberships: createMembershipService({
      db,
      loaders: loaders.memberships,
      whenEnded,
      whenMadeCustomer: endAssignments,
    }),
    invitations: createInvitationService({
      db,
      clock,
      loaders: loaders.invitations,
      invitationDays: config.INVITATION_DAYS,
    }),
    users: createUserService({ db }),
  };
}

/** What ends with a membership in the modules above; conversations first, then tickets, by the order of locks. */
const whenEnded: MembershipDeps["whenEnded"] = async (tx, by, ended) => {
  await endParticipations(tx, ended);
  await endTicketParts(tx, by, ended);
  await releaseAvatarOfLeaver(tx, by, ended);
};
