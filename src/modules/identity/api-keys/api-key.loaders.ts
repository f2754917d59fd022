import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perEventBatch } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../viewer.js";
import type { ApiKeyView } from "./api-key.repository.js";
import { listApiKeysByIds } from "./api-key.repository.js";

export type ApiKeyLoaders = ReturnType<typeof createApiKeyLoaders>;

export const createApiKeyLoaders = ({ db }: { db: Database }) => ({
  byId: perEventBatch<ViewerContext, string, ApiKeyView | null>(async (ids) =>
    inOrderOf(ids, await listApiKeysByIds(db, ids), (key) => key.id),
  ),
});
