import type { Logger } from "pino";
import type { Clock } from "../../kernel/clock.js";
import { REQUEST_MS } from "../../modules/webhooks/deliver.js";
import { createSecretSeal } from "../../modules/webhooks/seal-secret.js";
import { createWebhookService } from "../../modules/webhooks/webhook.service.js";
import { createWebhookDeliveryService } from "../../modules/webhooks/webhook-delivery.service.js";
import { createWebhookSender } from "../../modules/webhooks/webhook-sender.js";
import { receiverRefused } from "../../modules/webhooks/webhook-url.js";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import { createPoster } from "../../platform/http/outgoing/post.js";
import { plainHost, systemResolve } from "../../platform/http/outgoing/public-address.js";
import type { Secrets } from "../startup/secrets.js";

interface WebhookOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly db: Database;
  /** For what is sent, apart from requests. */
  readonly background: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Builds the services for webhooks, and the sender of their deliveries. */
export function createWebhooks({ config, secrets, db, background, clock, log }: WebhookOptions) {
  const seal = createSecretSeal(secrets.authSecret);
  const allowedHosts = new Set(config.WEBHOOK_ALLOWED_HOSTS.map(plainHost));
  const rules = { allowedHosts, resolve: systemResolve, refuse: receiverRefused };
  const poster = createPoster({ ...rules, timeoutMs: REQUEST_MS });
  const webhookSender = createWebhookSender({ db: background, clock, seal, poster, log });
  const { wake } = webhookSender;
  return {
    webhooks: createWebhookService({ db, clock, seal, rules, maxWebhooks: config.WEBHOOKS, wake }),
    webhookDeliveries: createWebhookDeliveryService({ db, wake }),
    webhookSender,
  };
}
