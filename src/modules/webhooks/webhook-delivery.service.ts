import { authorize } from "../../kernel/authorize.js";
import { notFound } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import { writeAs } from "../identity/confirm-viewer.js";
import type { Viewer } from "../identity/viewer.js";
import { managedTenantsOf } from "../identity/viewer.js";
import { webhookDeliveryPolicy, webhookPolicy } from "./webhook.policy.js";
import { findWebhook } from "./webhook.repository.js";
import type { WebhookDeliveryRow } from "./webhook.tables.js";
import type { WebhookDeliveryStatus } from "./webhook-delivery.repository.js";
import * as repository from "./webhook-delivery.repository.js";

export interface WebhookDeliveryDeps {
  readonly db: Database;
  /** Called after the commit of what makes something due. */
  wake(): void;
}

export interface DeliveryFilter {
  readonly webhookId: string;
  readonly status?: WebhookDeliveryStatus | null | undefined;
}

export type WebhookDeliveryService = ReturnType<typeof createWebhookDeliveryService>;

/** What is sent to the webhooks of a company, for its managers. */
export const createWebhookDeliveryService = ({ db, wake }: WebhookDeliveryDeps) => ({
  /** A webhook's deliveries, from the newest on. @throws NOT_FOUND */
  async listDeliveries(
    viewer: Viewer,
    { webhookId, status }: DeliveryFilter,
    page: PageArguments,
  ): Promise<Connection<WebhookDeliveryRow>> {
    const webhook = isId(webhookId) ? await findWebhook(db, managedTenantsOf(viewer), webhookId) : null;
    const { companyId } = authorize(webhookPolicy, "read", viewer, webhook).subject;
    const list = { companyId, webhookId, status };
    const found = await repository.listWebhookDeliveries(db, list, pageRequest(page));
    return toConnection(found, repository.deliveryPosition, () =>
      repository.countWebhookDeliveries(db, list),
    );
  },

  /** Sends a delivery again, or at once if it waits. @throws NOT_FOUND */
  async resendDelivery(viewer: Viewer, id: string): Promise<WebhookDeliveryRow> {
    const allowed = authorize(webhookDeliveryPolicy, "resend", viewer, await find(db, viewer, id));
    const { companyId } = allowed.subject;
    const resent = await writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, by) => {
      const { subject } = authorize(webhookDeliveryPolicy, "resend", by, await find(tx, by, id));
      const due = await repository.updateDeliveryAsDue(tx, companyId, subject);
      if (due === null) throw notFound(webhookDeliveryPolicy.subject);
      await insertAuditEntry(tx, {
        companyId,
        by,
        action: "webhook.delivery-resent",
        subjectType: "webhook",
        subjectId: subject.webhookId,
        details: { deliveryId: id, type: subject.type },
      });
      return due;
    });
    wake();
    return resent;
  },
});

/** Those of deleted webhooks are gone with them. */
async function find(db: Database, viewer: Viewer, id: string): Promise<WebhookDeliveryRow | null> {
  const tenants = managedTenantsOf(viewer);
  const found = isId(id) ? await repository.findWebhookDelivery(db, tenants, id) : null;
  return found && (await findWebhook(db, tenants, found.webhookId)) ? found : null;
}
