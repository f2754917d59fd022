import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import { badUserInput, notFound, quotaExceeded } from "../../../kernel/errors.js";
import { isId, newId } from "../../../kernel/ids.js";
import type { PageArguments, Position } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { companyPolicy } from "../companies/company.policy.js";
import { findCompany } from "../companies/company.repository.js";
import { writeAs } from "../confirm-viewer.js";
import type { UserViewer, Viewer } from "../viewer.js";
import { ApiKeyScope, managedTenantsOf } from "../viewer.js";
import { auditApiKey } from "./api-key.audit.js";
import { apiKeyPolicy } from "./api-key.policy.js";
import type { ApiKeyView } from "./api-key.repository.js";
import * as repository from "./api-key.repository.js";
import { hashOfApiKey, makeApiKey, shownPrefixOf } from "./api-key-text.js";

export interface ApiKeyDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** The most keys of a company that are neither revoked nor expired. */
  readonly maxKeys: number;
}

export interface ApiKeyInput {
  readonly companyId: string;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Null: it does not expire. */
  readonly expiresAt?: Date | null | undefined;
}

/** The only moment at which a key can be read. */
export interface CreatedApiKeyView {
  readonly key: string;
  readonly apiKey: ApiKeyView;
}

const LISTED_AT_ONCE = 100;

export type ApiKeyService = ReturnType<typeof createApiKeyService>;

/** API keys for backends: each belongs to one company, and its scopes say what it may do there. */
export const createApiKeyService = (deps: ApiKeyDeps) => ({
  /**
   * Creates a key, which this response alone contains.
   *
   * @throws BAD_USER_INPUT for an expiry in the past, QUOTA_EXCEEDED when the company has as many as it may have
   */
  createApiKey: (viewer: Viewer, input: ApiKeyInput) => createApiKey(deps, viewer, input),

  /** The company's keys, from the newest on, those that have ended among them. For its managers. */
  async listApiKeys(viewer: Viewer, companyId: string, page: PageArguments): Promise<Connection<ApiKeyView>> {
    authorize(companyPolicy, "manageApiKeysOf", viewer, await findCompany(deps.db, companyId));
    const found = await repository.listApiKeys(deps.db, companyId, pageRequest(page));
    return toConnection(found, repository.apiKeyPosition, () => repository.countApiKeys(deps.db, companyId));
  },

  /** Ends a key with its subscriptions and URLs. Does nothing if it is revoked already. @throws NOT_FOUND */
  revokeApiKey: (viewer: Viewer, id: string) => revokeApiKey(deps, viewer, id),

  /**
   * As the others, for the operator, whose keys do not depend on anybody's account.
   *
   * @throws BAD_USER_INPUT, QUOTA_EXCEEDED, NOT_FOUND
   */
  forOperator: {
    create: (input: ApiKeyInput): Promise<CreatedApiKeyView> => {
      refusePast(input.expiresAt, deps.clock());
      return deps.db.transaction((tx) => insertKey(deps, tx, null, input));
    },
    /** All keys of a company from the newest on, read page by page. */
    async *list(companyId: string): AsyncGenerator<ApiKeyView> {
      for (let from: Position | null = null; ; ) {
        const request = { limit: LISTED_AT_ONCE, direction: "forward", from } as const;
        const { rows, hasNextPage } = await repository.listApiKeys(deps.db, companyId, request);
        yield* rows;
        const last = rows.at(-1);
        if (!hasNextPage || last === undefined) return;
        from = repository.apiKeyPosition(last);
      }
    },
    async revoke(companyId: string, id: string): Promise<ApiKeyView> {
      const key = isId(id) ? await repository.findApiKey(deps.db, { companyIds: [companyId] }, id) : null;
      if (key === null) throw notFound(apiKeyPolicy.subject);
      return deps.db.transaction((tx) => endKey(deps, tx, null, key));
    },
  },
});

async function createApiKey(
  deps: ApiKeyDeps,
  viewer: Viewer,
  input: ApiKeyInput,
): Promise<CreatedApiKeyView> {
  const { db, clock } = deps;
  const { companyId } = input;
  const company = await findCompany(db, companyId);
  const { viewer: by } = authorize(companyPolicy, "manageApiKeysOf", viewer, company);
  refusePast(input.expiresAt, clock());
  return writeAs(db, { viewer: by, companyId }, async (tx, known) => {
    authorize(companyPolicy, "manageApiKeysOf", known, await findCompany(tx, companyId));
    return insertKey(deps, tx, known, input);
  });
}

async function insertKey(
  { clock, maxKeys }: ApiKeyDeps,
  tx: Database,
  by: UserViewer | null,
  { companyId, name, scopes, expiresAt = null }: ApiKeyInput,
): Promise<CreatedApiKeyView> {
  if ((await repository.countOpenApiKeys(tx, companyId, clock())) >= maxKeys) throw tooManyKeys(maxKeys);
  const key = makeApiKey();
  const keyHash = hashOfApiKey(key);
  if (keyHash === null) throw new Error("a new API key has the wrong form");
  const apiKey = await repository.insertApiKey(tx, {
    id: newId(),
    companyId,
    name,
    prefix: shownPrefixOf(key),
    keyHash,
    scopes: Object.values(ApiKeyScope).filter((scope) => scopes.includes(scope)),
    createdBy: by?.id ?? null,
    expiresAt,
  });
  await auditApiKey(tx, by, "api-key.created", apiKey);
  return { key, apiKey };
}

async function revokeApiKey(deps: ApiKeyDeps, viewer: Viewer, id: string): Promise<ApiKeyView> {
  const { db } = deps;
  const find = async (tx: Database, by: Viewer) => {
    const found = isId(id) ? await repository.findApiKey(tx, managedTenantsOf(by), id) : null;
    return authorize(apiKeyPolicy, "revoke", by, found);
  };
  const allowed = await find(db, viewer);
  const { companyId } = allowed.subject;
  return writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, by) =>
    endKey(deps, tx, by, (await find(tx, by)).subject),
  );
}

async function endKey(
  { clock }: ApiKeyDeps,
  tx: Database,
  by: UserViewer | null,
  key: ApiKeyView,
): Promise<ApiKeyView> {
  const revocation = { id: key.id, now: clock(), revokedBy: by?.id ?? null };
  const revoked = await repository.updateApiKeyAsRevoked(tx, key.companyId, revocation);
  if (revoked === null) return key;
  viewerChanged(tx, key.id);
  await auditApiKey(tx, by, "api-key.revoked", revoked);
  return revoked;
}

function refusePast(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt && expiresAt <= now)
    throw badUserInput(
      "`expiresAt` is in the past: give a later moment, or none for a key that does not expire.",
      {
        field: "expiresAt",
      },
    );
}

const tooManyKeys = (limit: number) =>
  quotaExceeded(
    `This company has ${limit} API keys that are neither revoked nor expired, which is as many as it may have: revoke one first.`,
    { limit },
  );
