import type { Policy } from "../../kernel/authorize.js";
import type { CompanyRow } from "../identity/company.tables.js";
import type { Viewer } from "../identity/viewer.js";
import { isManagerOf, isMemberOf } from "../identity/viewer.js";
import type { WebhookRow } from "./webhook.tables.js";

type Owned = Pick<WebhookRow, "companyId">;
type Company = Pick<CompanyRow, "id" | "deletedAt">;

/** Webhooks show what happens in a whole company: they are for its managers. An API key has none to do with them. */
const manages = (viewer: Viewer, { companyId }: Owned) => isManagerOf(viewer, companyId);

export const webhookPolicy = {
  subject: "webhook",
  viewers: ["user"],
  read: manages,
  change: manages,
} satisfies Policy<Viewer, Owned>;

export const webhookDeliveryPolicy = {
  subject: "delivery",
  viewers: ["user"],
  read: manages,
  resend: manages,
} satisfies Policy<Viewer, Owned>;

export const companyWebhookPolicy = {
  subject: "company",
  viewers: ["user"],
  read: (viewer: Viewer, { id, deletedAt }: Company) =>
    deletedAt === null && (isMemberOf(viewer, id) || (viewer.kind === "api-key" && viewer.companyId === id)),
  manageWebhooksOf: (viewer: Viewer, { id, deletedAt }: Company) =>
    deletedAt === null && isManagerOf(viewer, id),
} satisfies Policy<Viewer, Company>;
