import type { Clock } from "../../../kernel/clock.js";
import { MINUTE_MS } from "../../../kernel/clock.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { AnonymousViewer, ApiKeyViewer } from "../viewer.js";
import { hashOfApiKey } from "./api-key-text.js";
import type { KnownApiKey } from "./api-key-viewer.repository.js";
import { findApiKeyByHash, listKnownApiKeys, updateLastUse } from "./api-key-viewer.repository.js";

export interface ApiKeyViewerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: { warn(details: object, message: string): void };
}

export type ApiKeyViewers = ReturnType<typeof createApiKeyViewers>;

/** Finds the viewers of API keys, with what they may do at this moment. */
export function createApiKeyViewers({ db, clock, log }: ApiKeyViewerDeps) {
  /** The moment of use is kept to a minute: one write a minute, however many requests there are. */
  const noteUse = async ({ id, lastUsedAt }: KnownApiKey): Promise<void> => {
    const now = clock();
    const before = new Date(now.getTime() - MINUTE_MS);
    if (lastUsedAt !== null && lastUsedAt >= before) return;
    try {
      await updateLastUse(db, id, now, before);
    } catch (err) {
      log.warn({ err }, "the use of an API key could not be recorded");
    }
  };

  return {
    /** The viewer of a key that a request was sent with; anonymous, with the reason, if it is not valid. */
    async ofKey(key: string): Promise<ApiKeyViewer | AnonymousViewer> {
      const hash = hashOfApiKey(key);
      const known = hash === null ? null : await findApiKeyByHash(db, hash);
      const refusal = refusalOf(known, clock());
      if (known === null || refusal !== null) return { kind: "anonymous", refusal: refusal ?? UNKNOWN };
      await noteUse(known);
      return toApiKeyViewer(known);
    },

    /** The viewer of a URL that was signed for a key; null if the key is not valid any more. */
    async byId(id: string): Promise<ApiKeyViewer | null> {
      const [viewer] = isId(id) ? await listApiKeyViewers(db, [id], clock()) : [];
      return viewer ?? null;
    },
  };
}

/** Those of these keys that are valid, in one statement. */
export async function listApiKeyViewers(
  db: Database,
  ids: readonly string[],
  now: Date,
): Promise<ApiKeyViewer[]> {
  const known = await listKnownApiKeys(db, ids);
  return known.filter((key) => refusalOf(key, now) === null).map(toApiKeyViewer);
}

const UNKNOWN =
  "This API key is not valid: no key reads like it. Send it whole, as it was shown when it was created.";

/** Only whoever has the key reads why it is refused. */
function refusalOf(key: KnownApiKey | null, now: Date): string | null {
  if (key === null) return UNKNOWN;
  if (key.revokedAt !== null) return "This API key has been revoked: use another one.";
  if (key.expiresAt !== null && key.expiresAt <= now) return "This API key has expired: create another one.";
  if (key.isCompanyDeleted) return "This API key is not valid: its company has been deleted.";
  if (key.isBacked) return null;
  return "This API key is not valid: who created it does not manage the company any more. Create another one.";
}

const toApiKeyViewer = (key: KnownApiKey): ApiKeyViewer => ({
  kind: "api-key",
  id: key.id,
  name: key.name,
  companyId: key.companyId,
  scopes: key.scopes,
  createdBy: key.createdBy,
  expiresAt: key.expiresAt,
});
