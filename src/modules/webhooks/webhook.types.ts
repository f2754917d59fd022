import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";
import type { WebhookView } from "./webhook.repository.js";
import { WebhookDeliveryStatus } from "./webhook-delivery.repository.js";
import { WEBHOOK_EVENT_MEANINGS, WEBHOOK_EVENT_TYPES, WebhookEventKind } from "./webhook-event-kind.js";

export const WebhookEventKindType = WebhookEventKind;
export const WebhookDeliveryStatusType = WebhookDeliveryStatus;

registerEnumType(WebhookEventKindType, {
  name: "WebhookEventKind",
  description: "A kind of events that a webhook can get.",
  valuesConfig: Object.fromEntries(
    Object.values(WebhookEventKind).map((kind) => [
      kind,
      { description: `\`${WEBHOOK_EVENT_TYPES[kind]}\`: ${WEBHOOK_EVENT_MEANINGS[kind]}` },
    ]),
  ),
});

registerEnumType(WebhookDeliveryStatusType, {
  name: "WebhookDeliveryStatus",
  description: "What has become of a delivery.",
  valuesConfig: {
    PENDING: { description: "It waits to be sent." },
    RETRYING: { description: "An attempt has failed, and another one follows." },
    DELIVERED: { description: "The receiver has answered with a status of 2xx." },
  },
});

@ObjectType({
  description:
    "A receiver of a company's events outside of Filedesk: they are sent to its URL, signed by the Standard Webhooks specification.",
})
export class Webhook {
  @Field(() => ID, { description: "Unique id." })
  id!: string;

  @Field(() => String, { description: "Where deliveries are sent." })
  url!: string;

  @Field(() => String, { description: "What it is for; blank if nobody has said so." })
  description!: string;

  @Field(() => [WebhookEventKindType], { description: "The kinds of events that it gets." })
  eventKinds!: WebhookEventKind[];

  @Field(() => DateTime, {
    nullable: true,
    description: "Since when nothing is sent to it; null if it is enabled. Deliveries wait meanwhile.",
  })
  disabledAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: "Why it is disabled: by a manager, or because its receiver has not answered for three days.",
  })
  disabledReason!: string | null;

  @Field(() => Int, {
    description:
      "Attempts that have failed since the last one that did not, without refusals: answers of 400 to 499 other than 408 and 429.",
  })
  failures!: number;

  @Field(() => DateTime, { description: "When it was created." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it was last changed." })
  updatedAt!: Date;
}

export const WebhookConnection = connectionType("Webhook", () => Webhook);

@ObjectType({ simpleResolvers: true, description: "A webhook with its new secret." })
export class WebhookWithSecret {
  @Field(() => String, {
    description:
      "The secret that its deliveries are signed with. It is shown only now: keep it where secrets are kept.",
  })
  secret!: string;

  @Field(() => Webhook, { description: "The webhook." })
  webhook!: WebhookView;
}

@ObjectType({ description: "An event that is sent to a webhook." })
export class WebhookDelivery {
  @Field(() => ID, { description: "Unique id: the header `webhook-id` of each attempt." })
  id!: string;

  @Field(() => String, { description: "The type of the event, such as `reply.added`." })
  type!: string;

  @Field(() => String, {
    description:
      "What the event belongs to, such as `ticket:<id>`. Deliveries of one subject are sent one after the other, in the order of their events.",
  })
  subject!: string;

  @Field(() => Int, { description: "The number of the event in its subject." })
  sequence!: number;

  @Field(() => Int, { description: "How often it was sent." })
  attempts!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it was last sent; null if it has not been sent.",
  })
  lastAttemptAt!: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: "The HTTP status of the last answer; null if there was none.",
  })
  lastStatus!: number | null;

  @Field(() => String, { nullable: true, description: "Why the last attempt failed; null if it did not." })
  lastError!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When it was delivered; null if it is not." })
  deliveredAt!: Date | null;

  @Field(() => DateTime, { description: "When the event was recorded." })
  createdAt!: Date;
}

export const WebhookDeliveryConnection = connectionType("WebhookDelivery", () => WebhookDelivery);
