import { AuditLogResolver } from "../../modules/audit-log/audit-log.resolver.js";
import { ApiKeyResolver } from "../../modules/identity/api-keys/api-key.resolver.js";
import { CompanyResolver } from "../../modules/identity/companies/company.resolver.js";
import { CompanyMembersResolver } from "../../modules/identity/memberships/company-members.resolver.js";
import { InvitationResolver } from "../../modules/identity/memberships/invitation.resolver.js";
import { MembershipResolver } from "../../modules/identity/memberships/membership.resolver.js";
import { PasswordResolver } from "../../modules/identity/sessions/password.resolver.js";
import { SessionResolver } from "../../modules/identity/sessions/session.resolver.js";
import { UserAccessResolver } from "../../modules/identity/sessions/user-access.resolver.js";
import { ViewerResolver } from "../../modules/identity/sessions/viewer.resolver.js";
import { UserResolver } from "../../modules/identity/users/user.resolver.js";
import { WebhookResolver } from "../../modules/webhooks/webhook.resolver.js";
import { WebhookDeliveryResolver } from "../../modules/webhooks/webhook-delivery.resolver.js";
import type { ResolverEntry } from "./resolver-entry.js";

/** People, companies and their rights; the audit log and webhooks. */
export const identityResolvers: readonly ResolverEntry[] = [
  [SessionResolver, ({ sessions, ownSessions }) => new SessionResolver(sessions, ownSessions)],
  [PasswordResolver, ({ passwords }) => new PasswordResolver(passwords)],
  [
    ViewerResolver,
    ({ loaders }) =>
      new ViewerResolver(
        loaders.memberships,
        loaders.guests,
        loaders.sessions,
        loaders.invitations,
        loaders.apiKeys,
      ),
  ],
  [ApiKeyResolver, ({ apiKeys, loaders }) => new ApiKeyResolver(apiKeys, loaders.companies, loaders.users)],
  [CompanyResolver, ({ companies }) => new CompanyResolver(companies)],
  [
    CompanyMembersResolver,
    ({ memberships, invitations }) => new CompanyMembersResolver(memberships, invitations),
  ],
  [InvitationResolver, ({ invitations, loaders }) => new InvitationResolver(invitations, loaders)],
  [MembershipResolver, ({ memberships, loaders }) => new MembershipResolver(memberships, loaders)],
  [UserResolver, ({ users, loaders }) => new UserResolver(users, loaders.users)],
  [AuditLogResolver, ({ audit, loaders }) => new AuditLogResolver(audit, loaders.actors)],
  [UserAccessResolver, ({ userAccess }) => new UserAccessResolver(userAccess)],
  [
    WebhookResolver,
    ({ webhooks, loaders }) => new WebhookResolver(webhooks, loaders.companies, loaders.users),
  ],
  [
    WebhookDeliveryResolver,
    ({ webhookDeliveries, loaders }) => new WebhookDeliveryResolver(webhookDeliveries, loaders.webhooks),
  ],
];
