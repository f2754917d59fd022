import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import type { ViewerContext } from "../identity/viewer.js";
import { WebhookDeliveriesArgs } from "./webhook.inputs.js";
import type { WebhookLoaders } from "./webhook.loaders.js";
import type { WebhookDeliveryRow } from "./webhook.tables.js";
import {
  Webhook,
  WebhookDelivery,
  WebhookDeliveryConnection,
  WebhookDeliveryStatusType,
} from "./webhook.types.js";
import { statusOf } from "./webhook-delivery.repository.js";
import type { WebhookDeliveryService } from "./webhook-delivery.service.js";

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  constructor(
    private readonly deliveries: WebhookDeliveryService,
    private readonly webhooks: WebhookLoaders,
  ) {}

  @Query(() => WebhookDeliveryConnection, {
    description:
      "What is sent to a webhook, from the newest on, as long as the events are kept. For managers of its company.",
  })
  webhookDeliveries(
    @Args(() => WebhookDeliveriesArgs) args: WebhookDeliveriesArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deliveries.listDeliveries(viewer, args, args);
  }

  @Mutation(() => WebhookDelivery, {
    description:
      "Sends a delivery again, with the same id, or at once if it waits for a retry. For managers of the company, and administrators.",
  })
  resendWebhookDelivery(
    @Arg("id", () => ID, { description: "The delivery's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deliveries.resendDelivery(viewer, id);
  }

  @FieldResolver(() => WebhookDeliveryStatusType, { description: "What has become of it." })
  status(@Root() delivery: WebhookDeliveryRow) {
    return statusOf(delivery);
  }

  @FieldResolver(() => Webhook, { nullable: true, description: "The webhook that it is sent to." })
  webhook(@Root() { webhookId }: WebhookDeliveryRow, @Ctx() context: ViewerContext) {
    return this.webhooks.byId(context).load(webhookId);
  }
}
