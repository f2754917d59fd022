import type { WebhookEventKind } from "../../src/modules/webhooks/webhook-event-kind.js";
import type { GraphQLAnswer } from "./test-client.js";
import type { TestServer } from "./test-server.js";

export interface WebhookOptions {
  readonly companyId: string;
  readonly url: string;
  readonly eventKinds?: readonly WebhookEventKind[];
  readonly description?: string;
  readonly secret?: string;
}

interface WithSecret {
  readonly secret: string;
  readonly webhook: { readonly id: string } & Readonly<Record<string, unknown>>;
}

const SHOWN =
  "id url description eventKinds disabledAt disabledReason failures createdBy { id } company { id }";

type Asked<Name extends string, Told> = Promise<GraphQLAnswer<Readonly<Record<Name, Told | null>>>>;
type Server = Pick<TestServer, "gql">;

/** Asks for a webhook, which may be refused. */
export const askForWebhook = (
  server: Server,
  token: string | undefined,
  { eventKinds = ["TICKET_UPDATED"], ...input }: WebhookOptions,
): Asked<"createWebhook", WithSecret> =>
  server.gql(
    `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { ${SHOWN} } } }`,
    { input: { eventKinds, ...input } },
    token,
  );

/** A webhook of a company. @throws the first error of the answer */
export async function createWebhook(
  server: Server,
  token: string,
  options: WebhookOptions,
): Promise<{ readonly id: string; readonly secret: string }> {
  const { data, errors } = await askForWebhook(server, token, options);
  if (!data?.createWebhook) throw new Error(JSON.stringify(errors));
  const { secret, webhook } = data.createWebhook;
  return { id: webhook.id, secret };
}

export type ShownWebhook = Readonly<{
  id: string;
  url: string;
  disabledAt: string | null;
  disabledReason: string | null;
  failures: number;
}>;

export const updateWebhook = (
  server: Server,
  token: string,
  input: object,
): Asked<"updateWebhook", ShownWebhook> =>
  server.gql(
    `mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { ${SHOWN} } }`,
    { input },
    token,
  );

export const rotateSecret = (
  server: Server,
  token: string,
  id: string,
): Asked<"rotateWebhookSecret", WithSecret> =>
  server.gql(
    `mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret webhook { ${SHOWN} } } }`,
    { id },
    token,
  );

export interface ShownDelivery {
  readonly id: string;
  readonly status: string;
  readonly type: string;
  readonly subject: string;
  readonly sequence: number;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly deliveredAt: string | null;
}

/** The deliveries of a webhook, from the newest on. */
export async function deliveriesOf(
  server: Server,
  token: string,
  args: { readonly webhookId: string; readonly status?: string; readonly first?: number },
): Promise<{ readonly totalCount: number; readonly nodes: readonly ShownDelivery[] }> {
  const { data, errors } = await server.gql<{
    webhookDeliveries: { totalCount: number; nodes: ShownDelivery[] };
  }>(
    `query ($webhookId: ID!, $status: WebhookDeliveryStatus, $first: Int) {
      webhookDeliveries(webhookId: $webhookId, status: $status, first: $first) {
        totalCount
        nodes { id status type subject sequence attempts lastStatus lastError deliveredAt webhook { id } }
      }
    }`,
    args,
    token,
  );
  if (!data) throw new Error(JSON.stringify(errors));
  return data.webhookDeliveries;
}
