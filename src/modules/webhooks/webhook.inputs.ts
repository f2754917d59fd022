import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsOptional } from "class-validator";
import { ArgsType, Field, InputType } from "type-graphql";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import { ID } from "../../platform/graphql/scalars.js";
import { OptionalLine } from "../../platform/graphql/text-rules.js";
import type { WebhookInput, WebhookUpdate } from "./webhook.service.js";
import { WebhookDeliveryStatusType, WebhookEventKindType } from "./webhook.types.js";
import type { WebhookDeliveryStatus } from "./webhook-delivery.repository.js";
import type { DeliveryFilter } from "./webhook-delivery.service.js";
import { WebhookEventKind } from "./webhook-event-kind.js";

const MAX_DESCRIPTION_LENGTH = 200;
const MAX_KINDS = Object.keys(WebhookEventKind).length;

@InputType({ description: "A new webhook." })
export class CreateWebhookInput implements WebhookInput {
  @Field(() => ID, { description: "The company, whose events are sent." })
  companyId!: string;

  @Field(() => String, {
    description:
      "Where they are sent: an https URL of up to 2,000 characters, without a password, of a host with a public address.",
  })
  url!: string;

  @Field(() => String, { nullable: true, description: "What it is for: up to 200 characters." })
  @IsOptional()
  @OptionalLine(MAX_DESCRIPTION_LENGTH)
  description?: string | null;

  @Field(() => [WebhookEventKindType], {
    description: "The kinds of events that are sent: at least one, each once.",
  })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_KINDS)
  @ArrayUnique()
  eventKinds!: WebhookEventKind[];

  @Field(() => String, {
    nullable: true,
    description:
      "The secret that deliveries are signed with: `whsec_` and 24 to 64 bytes in base64. By default one is made.",
  })
  secret?: string | null;
}

@InputType({ description: "Changes of a webhook; what is left out stays as it is." })
export class UpdateWebhookInput implements WebhookUpdate {
  @Field(() => ID, { description: "The webhook's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "As in `createWebhook`." })
  url?: string | null;

  @Field(() => String, { nullable: true, description: "What it is for: up to 200 characters." })
  @IsOptional()
  @OptionalLine(MAX_DESCRIPTION_LENGTH)
  description?: string | null;

  @Field(() => [WebhookEventKindType], {
    nullable: true,
    description: "The kinds of events that are sent from now on.",
  })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_KINDS)
  @ArrayUnique()
  eventKinds?: WebhookEventKind[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "False disables it: deliveries wait. True enables it again: what has waited is sent, as far as it is still kept.",
  })
  enabled?: boolean | null;
}

@ArgsType()
export class WebhooksArgs extends PageArgs {
  @Field(() => ID, { description: "The company." })
  companyId!: string;
}

@ArgsType()
export class WebhookDeliveriesArgs extends PageArgs implements DeliveryFilter {
  @Field(() => ID, { description: "The webhook." })
  webhookId!: string;

  @Field(() => WebhookDeliveryStatusType, {
    nullable: true,
    description: "Only those with this status.",
  })
  status?: WebhookDeliveryStatus | null;
}
