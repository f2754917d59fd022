import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import type { CompanyLoaders } from "../identity/companies/company.loaders.js";
import { Company } from "../identity/companies/company.types.js";
import type { UserLoaders } from "../identity/users/user.loaders.js";
import { User } from "../identity/users/user.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import { CreateWebhookInput, UpdateWebhookInput, WebhooksArgs } from "./webhook.inputs.js";
import type { WebhookView } from "./webhook.repository.js";
import type { WebhookService } from "./webhook.service.js";
import { Webhook, WebhookConnection, WebhookWithSecret } from "./webhook.types.js";

const ofWebhook = { description: "The webhook's id." };

@Resolver(() => Webhook)
export class WebhookResolver {
  constructor(
    private readonly webhooksOf: WebhookService,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Query(() => WebhookConnection, {
    description: "A company's webhooks, the oldest first. For its managers.",
  })
  webhooks(@Args(() => WebhooksArgs) args: WebhooksArgs, @Ctx() { viewer }: ViewerContext) {
    return this.webhooksOf.listWebhooks(viewer, args.companyId, args);
  }

  @Query(() => Webhook, {
    nullable: true,
    description: "A webhook; null for who does not manage its company.",
  })
  webhook(@Arg("id", () => ID, ofWebhook) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.webhooksOf.findWebhook(viewer, id);
  }

  @Mutation(() => WebhookWithSecret, {
    description:
      "Creates a webhook: events of the company that are recorded from now on are sent to its URL. A company has at most 10 by default. For managers of the company, and administrators.",
  })
  createWebhook(
    @Arg("input", () => CreateWebhookInput, { description: "The webhook." }) input: CreateWebhookInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.webhooksOf.createWebhook(viewer, input);
  }

  @Mutation(() => Webhook, {
    description: "Changes, disables or enables a webhook. For managers of the company, and administrators.",
  })
  updateWebhook(
    @Arg("input", () => UpdateWebhookInput, { description: "The changes." }) input: UpdateWebhookInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.webhooksOf.updateWebhook(viewer, input);
  }

  @Mutation(() => Webhook, {
    description:
      "Deletes a webhook with its deliveries, those that wait too. For managers of the company, and administrators.",
  })
  deleteWebhook(@Arg("id", () => ID, ofWebhook) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.webhooksOf.deleteWebhook(viewer, id);
  }

  @Mutation(() => WebhookWithSecret, {
    description:
      "Gives a webhook a new secret. When this is answered, nothing is sent any more that is signed with the old one; requests that are under way are waited for. For managers of the company, and administrators.",
  })
  rotateWebhookSecret(@Arg("id", () => ID, ofWebhook) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.webhooksOf.rotateSecret(viewer, id);
  }

  @Mutation(() => Webhook, {
    description:
      "Sends a delivery of the type `webhook.test`, whatever events the webhook gets. For managers of the company, and administrators.",
  })
  testWebhook(@Arg("id", () => ID, ofWebhook) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.webhooksOf.testWebhook(viewer, id);
  }

  @FieldResolver(() => Company, { nullable: true, description: "The company whose events it gets." })
  company(@Root() webhook: WebhookView, @Ctx() context: ViewerContext) {
    return this.companies.byId(context).load(webhook.companyId);
  }

  @FieldResolver(() => User, { nullable: true, description: "Who created it." })
  createdBy(@Root() webhook: WebhookView, @Ctx() context: ViewerContext) {
    return this.users.byId(context).load(webhook.createdBy);
  }
}
