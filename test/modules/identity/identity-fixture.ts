import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { graphql } from "graphql";
import { buildSchema } from "type-graphql";
import type { Clock } from "../../../src/kernel/clock.js";
import { systemClock } from "../../../src/kernel/clock.js";
import { createApiKeyLoaders } from "../../../src/modules/identity/api-keys/api-key.loaders.js";
import { createApiKeyViewers } from "../../../src/modules/identity/api-keys/api-key-viewers.js";
import { createCompanyLoaders } from "../../../src/modules/identity/companies/company.loaders.js";
import { insertCompany } from "../../../src/modules/identity/companies/company.repository.js";
import { CompanyResolver } from "../../../src/modules/identity/companies/company.resolver.js";
import { createCompanyService } from "../../../src/modules/identity/companies/company.service.js";
import type { CompanyRow } from "../../../src/modules/identity/company.tables.js";
import { createGuestLoaders } from "../../../src/modules/identity/guests/guest.loaders.js";
import { CompanyMembersResolver } from "../../../src/modules/identity/memberships/company-members.resolver.js";
import { createInvitationLoaders } from "../../../src/modules/identity/memberships/invitation.loaders.js";
import { InvitationResolver } from "../../../src/modules/identity/memberships/invitation.resolver.js";
import { createInvitationService } from "../../../src/modules/identity/memberships/invitation.service.js";
import { createMembershipLoaders } from "../../../src/modules/identity/memberships/membership.loaders.js";
import { upsertMembership } from "../../../src/modules/identity/memberships/membership.repository.js";
import { MembershipResolver } from "../../../src/modules/identity/memberships/membership.resolver.js";
import { createMembershipService } from "../../../src/modules/identity/memberships/membership.service.js";
import type { JwksSource } from "../../../src/modules/identity/sessions/access-token.js";
import {
  createGuestTokenIssuer,
  createTokenIssuer,
  createTokenVerifier,
} from "../../../src/modules/identity/sessions/access-token.js";
import { createAttemptLimit } from "../../../src/modules/identity/sessions/attempt-limit.js";
import { createOwnSessionService } from "../../../src/modules/identity/sessions/own-session.service.js";
import { PasswordResolver } from "../../../src/modules/identity/sessions/password.resolver.js";
import { createPasswordService } from "../../../src/modules/identity/sessions/password.service.js";
import { createRefreshTokens } from "../../../src/modules/identity/sessions/refresh-token.js";
import { createSessionLoaders } from "../../../src/modules/identity/sessions/session.loaders.js";
import { SessionResolver } from "../../../src/modules/identity/sessions/session.resolver.js";
import { createSessionService } from "../../../src/modules/identity/sessions/session.service.js";
import { UserAccessResolver } from "../../../src/modules/identity/sessions/user-access.resolver.js";
import { createUserAccessService } from "../../../src/modules/identity/sessions/user-access.service.js";
import { ViewerResolver } from "../../../src/modules/identity/sessions/viewer.resolver.js";
import { hashPassword } from "../../../src/modules/identity/users/password.js";
import { createUserLoaders } from "../../../src/modules/identity/users/user.loaders.js";
import type { Person } from "../../../src/modules/identity/users/user.repository.js";
import { insertUser } from "../../../src/modules/identity/users/user.repository.js";
import { UserResolver } from "../../../src/modules/identity/users/user.resolver.js";
import { createUserService } from "../../../src/modules/identity/users/user.service.js";
import type { Role, Viewer, ViewerContext } from "../../../src/modules/identity/viewer.js";
import { anonymous } from "../../../src/modules/identity/viewer.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { withEventRecording } from "../../../src/platform/events/log/record-event.js";
import { createTestDatabase } from "../../support/database.js";

export const SECRET = "a secret for tests, at least 32 characters long";
export const PASSWORD = "filedesk-tests";
/** The least that argon2 takes: nothing is protected here. */
export const CHEAP = { memoryKib: 8, passes: 1 };

export interface IdentityOptions {
  readonly clock?: Clock;
  readonly jwks?: JwksSource;
  readonly signInsPerMinute?: number;
}

export type Identity = Awaited<ReturnType<typeof startIdentity>>;

/** The whole module on a database of its own, with its GraphQL schema. */
export async function startIdentity({
  clock = systemClock,
  jwks,
  signInsPerMinute = 1_000,
}: IdentityOptions = {}) {
  const database = await createTestDatabase();
  const statements: string[] = [];
  const client = connectDatabase(database.serverUrl, {
    connections: 5,
    onStatement: (text) => statements.push(text),
  });
  const db = withEventRecording(client.db, () => {});
  const attempts = createAttemptLimit(db, signInsPerMinute);
  const sessions = createSessionService({
    db,
    clock,
    issueToken: createTokenIssuer({ secret: SECRET, clock }),
    issueGuestToken: createGuestTokenIssuer({ secret: SECRET, clock, lifetimeMs: 3_600_000 }),
    refreshTokens: createRefreshTokens({ secret: SECRET }),
    verifyToken: createTokenVerifier({ secret: SECRET, clock, ...(jwks && { jwks }) }),
    attempts,
    apiKeys: createApiKeyViewers({ db, clock, log: { warn: () => {} } }),
    refusals: { recordSignIn: () => {} },
  });
  const loaders = createMembershipLoaders({ db });
  const companies = createCompanyService({ db, clock, retentionDays: 14 });
  const memberships = createMembershipService({
    db,
    loaders,
    whenEnded: async () => {},
    whenMadeCustomer: async () => {},
  });
  const invitationLoaders = createInvitationLoaders({ db, clock });
  const invitations = createInvitationService({ db, clock, loaders: invitationLoaders, invitationDays: 14 });
  const users = createUserService({ db, passwordCost: CHEAP });
  const userAccess = createUserAccessService({ db, clock });
  const ownSessions = createOwnSessionService({ db, clock });
  const resets = { db, clock, passwordCost: CHEAP, resetUrl: null, resetHours: 24 };
  const passwords = createPasswordService({ ...resets, attempts });
  const fields = { companies: createCompanyLoaders({ db }), users: createUserLoaders({ db }) };
  const resolvers = new Map<unknown, unknown>([
    [CompanyResolver, new CompanyResolver(companies)],
    [CompanyMembersResolver, new CompanyMembersResolver(memberships, invitations)],
    [InvitationResolver, new InvitationResolver(invitations, fields)],
    [MembershipResolver, new MembershipResolver(memberships, fields)],
    [SessionResolver, new SessionResolver(sessions, ownSessions)],
    [PasswordResolver, new PasswordResolver(passwords)],
    [UserResolver, new UserResolver(users, fields.users)],
    [UserAccessResolver, new UserAccessResolver(userAccess)],
    [
      ViewerResolver,
      new ViewerResolver(
        loaders,
        createGuestLoaders({ db }),
        createSessionLoaders({ db, clock }),
        invitationLoaders,
        createApiKeyLoaders({ db }),
      ),
    ],
  ]);
  const schema: GraphQLSchema = await buildSchema({
    resolvers: [
      CompanyResolver,
      CompanyMembersResolver,
      InvitationResolver,
      MembershipResolver,
      PasswordResolver,
      SessionResolver,
      UserResolver,
      UserAccessResolver,
      ViewerResolver,
    ],
    container: { get: (resolver: unknown) => resolvers.get(resolver) },
    validate: true,
  });

  let made = 0;
  const buildCompany = async (name = `Company ${++made}`): Promise<CompanyRow> =>
    (await insertCompany(db, { name, slug: `company-${++made}` }))!;

  const buildUser = async (
    user: { email?: string; isAdmin?: boolean; password?: string | null } = {},
  ): Promise<Person> =>
    (await insertUser(db, {
      email: user.email ?? `user${++made}@example.test`,
      name: "Some Body",
      isAdmin: user.isAdmin ?? false,
      passwordHash: user.password === null ? null : await hashPassword(user.password ?? PASSWORD, CHEAP),
    }))!;

  /** A new person with these roles, as viewer. */
  const buildViewer = async (
    roles: readonly (readonly [CompanyRow, Role])[],
    isAdmin = false,
  ): Promise<Viewer> => {
    const { id } = await buildUser({ isAdmin });
    for (const [company, role] of roles)
      await upsertMembership(db, { companyId: company.id, userId: id, role });
    return sessions.viewerById(id);
  };

  const run = (source: string, viewer: Viewer = anonymous, variableValues: Record<string, unknown> = {}) =>
    graphql({ schema, source, contextValue: contextOf(viewer), variableValues });

  const stop = async () => {
    await client.close();
    await database.drop();
  };
  const services = {
    sessions,
    companies,
    memberships,
    invitations,
    users,
    userAccess,
    ownSessions,
    passwords,
  };
  return {
    db,
    sql: client.sql,
    statements,
    ...services,
    schema,
    buildCompany,
    buildUser,
    buildViewer,
    run,
    stop,
  };
}

export const contextOf = (viewer: Viewer): ViewerContext => ({
  viewer,
  requestId: "test",
  baseUrl: "http://127.0.0.1",
  clientAddress: "192.0.2.1",
  requestBytes: null,
});

export const idOf = (viewer: Viewer): string => (viewer.kind === "user" ? viewer.id : "");

/** The code of the expected failure; "ok" when there was none. */
export async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
