import type { Database } from "../../platform/database/client.js";
import { inOrderOf, perRequest } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import type { WebhookView } from "./webhook.repository.js";
import { listWebhooksByIds } from "./webhook.repository.js";

export type WebhookLoaders = ReturnType<typeof createWebhookLoaders>;

export const createWebhookLoaders = ({ db }: { db: Database }) => ({
  byId: perRequest<ViewerContext, string, WebhookView | null>(async (_context, ids) =>
    inOrderOf(ids, await listWebhooksByIds(db, ids), (webhook) => webhook.id),
  ),
});
