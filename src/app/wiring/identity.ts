import type { Clock } from "../../kernel/clock.js";
import { MINUTE_MS } from "../../kernel/clock.js";
import { createAuditLogService } from "../../modules/audit-log/audit-log.service.js";
import { endConversationParticipations } from "../../modules/chat/conversations/end-conversation-participations.js";
import { createApiKeyLoaders } from "../../modules/identity/api-keys/api-key.loaders.js";
import { createApiKeyService } from "../../modules/identity/api-keys/api-key.service.js";
import { createApiKeyViewers } from "../../modules/identity/api-keys/api-key-viewers.js";
import type { RefusalLogDeps } from "../../modules/identity/audit/refusal-log.js";
import { createRefusalLog } from "../../modules/identity/audit/refusal-log.js";
import { createCompanyLoaders } from "../../modules/identity/companies/company.loaders.js";
import { createCompanyService } from "../../modules/identity/companies/company.service.js";
import { createActorLoaders } from "../../modules/identity/guests/actor.loaders.js";
import { createGuestLoaders } from "../../modules/identity/guests/guest.loaders.js";
import { createInvitationLoaders } from "../../modules/identity/memberships/invitation.loaders.js";
import { createInvitationService } from "../../modules/identity/memberships/invitation.service.js";
import { createMembershipLoaders } from "../../modules/identity/memberships/membership.loaders.js";
import type { MembershipDeps } from "../../modules/identity/memberships/membership.service.js";
import { createMembershipService } from "../../modules/identity/memberships/membership.service.js";
import {
  createGuestTokenIssuer,
  createTokenIssuer,
  createTokenVerifier,
} from "../../modules/identity/sessions/access-token.js";
import { createAttemptLimit } from "../../modules/identity/sessions/attempt-limit.js";
import { createOperatorAccountService } from "../../modules/identity/sessions/operator-account.service.js";
import { createOwnSessionService } from "../../modules/identity/sessions/own-session.service.js";
import { createPasswordService } from "../../modules/identity/sessions/password.service.js";
import { createRefreshTokens } from "../../modules/identity/sessions/refresh-token.js";
import { createScriptTokenService } from "../../modules/identity/sessions/script-token.service.js";
import { createSessionLoaders } from "../../modules/identity/sessions/session.loaders.js";
import { createSessionService } from "../../modules/identity/sessions/session.service.js";
import { createUserAccessService } from "../../modules/identity/sessions/user-access.service.js";
import { createUserLoaders } from "../../modules/identity/users/user.loaders.js";
import { createUserService } from "../../modules/identity/users/user.service.js";
import { releaseAvatarOfLeaver } from "../../modules/media/avatars/release-avatar.js";
import { endAssignments, endTicketParticipations } from "../../modules/tickets/end-ticket-participations.js";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import type { Secrets } from "../startup/secrets.js";

interface IdentityOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: RefusalLogDeps["log"];
}

/** Builds the services for companies, accounts and guests, and the lookup of the viewer. */
export function createIdentity({ config, secrets, db, clock, log }: IdentityOptions) {
  const { AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const secret = secrets.authSecret;
  const people = {
    users: createUserLoaders({ db }),
    guests: createGuestLoaders({ db }),
    apiKeys: createApiKeyLoaders({ db }),
  };
  const loaders = {
    ...people,
    actors: createActorLoaders(people),
    companies: createCompanyLoaders({ db }),
    memberships: createMembershipLoaders({ db }),
    invitations: createInvitationLoaders({ db, clock }),
    sessions: createSessionLoaders({ db, clock }),
  };
  const attempts = createAttemptLimit(db, config.SIGN_INS_PER_MINUTE);
  const refusals = createRefusalLog({ db, clock, log });
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
      apiKeys: createApiKeyViewers({ db, clock, log }),
      refusals,
    }),
    apiKeys: createApiKeyService({ db, clock, maxKeys: config.API_KEYS }),
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
    audit: createAuditLogService({ db }),
    refusals,
  };
}

/** Ends what depends on a membership in higher modules; conversations before tickets, which is the order of locks. */
const whenEnded: MembershipDeps["whenEnded"] = async (tx, by, ended) => {
  await endConversationParticipations(tx, ended);
  await endTicketParticipations(tx, by, ended);
  await releaseAvatarOfLeaver(tx, by, ended);
};
