import type { WebhookDeliveryRow } from "./webhook.tables.js";

/** What the id in a subject is the id of. */
const SUBJECT_IDS: Readonly<Record<string, string>> = {
  ticket: "ticketId",
  conversation: "conversationId",
  webhook: "webhookId",
};

/** The body of a delivery, the same in every attempt: ids, whose objects receivers read by the API. */
export function bodyOf({
  companyId,
  subject,
  sequence,
  type,
  payload,
  createdAt,
}: Pick<
  WebhookDeliveryRow,
  "companyId" | "subject" | "sequence" | "type" | "payload" | "createdAt"
>): string {
  const [kind = "", id] = subject.split(":");
  const idName = SUBJECT_IDS[kind];
  const data = { companyId, ...(idName && { [idName]: id }), ...payload };
  return JSON.stringify({ type, timestamp: createdAt.toISOString(), subject, sequence, data });
}
