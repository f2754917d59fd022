import type { RequestContext } from "../../platform/graphql/context.js";
import type { RateUse } from "../../platform/rate-limit/rate-use.js";

export type Role = "CUSTOMER" | "AGENT" | "MANAGER";

/** What an API key may do with the files of its company. */
export const ApiKeyScope = { READ: "READ", UPLOAD: "UPLOAD", MANAGE: "MANAGE" } as const;
export type ApiKeyScope = (typeof ApiKeyScope)[keyof typeof ApiKeyScope];

/** From where a request comes, for the audit log, and what it has been counted for. */
export interface Client {
  /** The network address, as reported by trusted proxies. */
  readonly address: string;
  /** `User-Agent`, as it was sent. */
  readonly userAgent?: string | null | undefined;
  /** The rate limits that count the request, for the headers of its response. */
  readonly rateUses?: RateUse[] | undefined;
}

/** The client of a request. */
export const clientOf = ({ clientAddress, userAgent, viewer }: ViewerContext): Client => ({
  address: clientAddress,
  userAgent,
  rateUses: viewer.client?.rateUses,
});

interface Requester {
  /** Absent for viewers whom the server reads without a request, such as subscribers. */
  readonly client?: Client;
}

/** A request without a valid token. */
export interface AnonymousViewer extends Requester {
  readonly kind: "anonymous";
  /** Why the credentials that it has are not accepted, if they are an API key's. */
  readonly refusal?: string;
}

/** A signed-in person with their roles; read again for every request. */
export interface UserViewer extends Requester {
  readonly kind: "user";
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly roles: ReadonlyMap<string, Role>;
  /** The session of the access token; undefined for the token of an external provider and for a signed URL. */
  readonly sessionId?: string;
}

/** Somebody without an account, with access to one conversation by an invitation. */
export interface GuestViewer extends Requester {
  readonly kind: "guest";
  readonly id: string;
  /** The display name in the invitation. */
  readonly name: string;
  readonly companyId: string;
  readonly conversationId: string;
}

/** The backend of one company, with an API key. It belongs to no company and is nobody's colleague: its scopes decide. */
export interface ApiKeyViewer extends Requester {
  readonly kind: "api-key";
  readonly id: string;
  readonly name: string;
  readonly companyId: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Whose rights it ends with; null for a key of the operator. */
  readonly createdBy: string | null;
  /** Null: it does not expire. */
  readonly expiresAt: Date | null;
}

/** A viewer who can be the author of something that is said. */
export type Actor = UserViewer | GuestViewer;

/** A viewer with valid credentials, who can upload files. */
export type Identified = Actor | ApiKeyViewer;

/** Who sends the request. */
export type Viewer = AnonymousViewer | Identified;

export type ViewerContext = RequestContext<Viewer>;

export const anonymous: AnonymousViewer = { kind: "anonymous" };

/** The tenants whose rows a repository may read. It is a required argument, so that omitting it does not compile. */
export type TenantScope = { readonly companyIds: readonly string[] } | "every company";

const roleIn = (viewer: Viewer, companyId: string) =>
  viewer.kind === "user" ? viewer.roles.get(companyId) : undefined;

export const isAdmin = (viewer: Viewer): boolean => viewer.kind === "user" && viewer.isAdmin;

export const isMemberOf = (viewer: Viewer, companyId: string): boolean =>
  isAdmin(viewer) || roleIn(viewer, companyId) !== undefined;

/** Staff: agents and managers of the company, and administrators. */
export const isStaffOf = (viewer: Viewer, companyId: string): boolean =>
  isAdmin(viewer) || roleIn(viewer, companyId) === "AGENT" || isManagerOf(viewer, companyId);

export const isManagerOf = (viewer: Viewer, companyId: string): boolean =>
  isAdmin(viewer) || roleIn(viewer, companyId) === "MANAGER";

/** Whether the viewer is an API key of the company that has this scope; MANAGE includes READ. */
export const isKeyOf = (viewer: Viewer, companyId: string, scope: ApiKeyScope): boolean =>
  viewer.kind === "api-key" &&
  viewer.companyId === companyId &&
  (viewer.scopes.includes(scope) || (scope === "READ" && viewer.scopes.includes("MANAGE")));

/** Whether the viewer is this very person. */
export const isUser = (viewer: Viewer, userId: string | null): boolean =>
  viewer.kind === "user" && viewer.id === userId;

const KEY_IN_SIGNATURE = "key-";

/** What a signed URL names its viewer by: it says of a key that it is one, so that only keys are looked through. */
export const signedNameOf = ({ kind, id }: Pick<Identified, "kind" | "id">): string =>
  kind === "api-key" ? `${KEY_IN_SIGNATURE}${id}` : id;

/** The id of the key that a signed URL names; null if it names a person or a guest. */
export const keyIdInSignature = (name: string): string | null =>
  name.startsWith(KEY_IN_SIGNATURE) ? name.slice(KEY_IN_SIGNATURE.length) : null;

/** Whether somebody else has deleted it: then only who manages such things restores it. */
export const isDeletedByOther = (
  viewer: Viewer,
  { deletedBy }: { readonly deletedBy: string | null },
): boolean => deletedBy !== null && (viewer.kind === "anonymous" || viewer.id !== deletedBy);

/** The author columns of a row: one of them is set. */
export interface Authorship {
  readonly userId: string | null;
  readonly guestId: string | null;
  /** Of files only: nothing that is said has a key as its author. */
  readonly apiKeyId?: string | null;
}

/** The viewer as the author of a row. */
export const authorshipOf = ({ kind, id }: Pick<Identified, "kind" | "id">): Authorship => ({
  userId: kind === "user" ? id : null,
  guestId: kind === "guest" ? id : null,
  apiKeyId: kind === "api-key" ? id : null,
});

/** Whether the viewer is the author. */
export function isAuthor(viewer: Viewer, { userId, guestId, apiKeyId }: Authorship): boolean {
  if (viewer.kind === "user") return viewer.id === userId;
  if (viewer.kind === "guest") return viewer.id === guestId;
  return viewer.kind === "api-key" && viewer.id === apiKeyId;
}

/**
 * Every tenant whose rows may become visible to the viewer by a policy; for a guest and an API key, the company of the
 * conversation or of the key, although they belong to no company.
 */
export const tenantsReachedBy = (viewer: Viewer): TenantScope =>
  viewer.kind === "guest" || viewer.kind === "api-key"
    ? { companyIds: [viewer.companyId] }
    : tenantsOf(viewer);

/** The tenants of rows that the viewer may read: what belongs to these rows is readable as well. */
export const tenantsOfRows = (rows: readonly { readonly companyId: string }[]): TenantScope => ({
  companyIds: [...new Set(rows.map(({ companyId }) => companyId))],
});

/** Every tenant that the viewer belongs to. */
export const tenantsOf = (viewer: Viewer): TenantScope =>
  isAdmin(viewer) ? "every company" : { companyIds: viewer.kind === "user" ? [...viewer.roles.keys()] : [] };

/** The tenants in which the viewer has one of these roles; all of them for an administrator. */
export function tenantsWhere(viewer: Viewer, ...roles: readonly Role[]): TenantScope {
  if (isAdmin(viewer)) return "every company";
  const held = viewer.kind === "user" ? [...viewer.roles] : [];
  return { companyIds: held.filter(([, role]) => roles.includes(role)).map(([companyId]) => companyId) };
}

/** The tenants that the viewer works for. */
export const staffTenantsOf = (viewer: Viewer): TenantScope => tenantsWhere(viewer, "AGENT", "MANAGER");

/** The tenants that the viewer manages. */
export const managedTenantsOf = (viewer: Viewer): TenantScope => tenantsWhere(viewer, "MANAGER");
