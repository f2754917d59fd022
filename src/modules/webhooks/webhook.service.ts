import { setTimeout as delay } from "node:timers/promises";
import { authorize, readable } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { SECOND_MS } from "../../kernel/clock.js";
import { notFound } from "../../kernel/errors.js";
import { isId, newId } from "../../kernel/ids.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import { recordEvent } from "../../platform/events/log/record-event.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import { findCompany } from "../identity/companies/company.repository.js";
import { writeAs } from "../identity/confirm-viewer.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import { managedTenantsOf } from "../identity/viewer.js";
import type { SecretSeal } from "./seal-secret.js";
import { keyOfSecret, makeSecret } from "./sign.js";
import { auditWebhook } from "./webhook.audit.js";
import { notASecret, rotationNotSettled, tooManyWebhooks, webhookIsDisabled } from "./webhook.errors.js";
import { companyWebhookPolicy, webhookPolicy } from "./webhook.policy.js";
import type { WebhookView } from "./webhook.repository.js";
import * as repository from "./webhook.repository.js";
import type { WebhookEventKind } from "./webhook-event-kind.js";
import { TEST_EVENT, WEBHOOK_EVENT_TYPES } from "./webhook-event-kind.js";
import { isSendingWithOlderSecret, updateQueuesAsDue } from "./webhook-queue.repository.js";
import type { ReceiverRules } from "./webhook-url.js";
import { readReceiverUrl } from "./webhook-url.js";

export interface WebhookDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: SecretSeal;
  readonly rules: ReceiverRules;
  /** The most webhooks of a company. */
  readonly maxWebhooks: number;
  /** Called after the commit of what makes something due. */
  wake(): void;
}

export interface WebhookInput {
  readonly companyId: string;
  readonly url: string;
  readonly description?: string | null | undefined;
  readonly eventKinds: readonly WebhookEventKind[];
  readonly secret?: string | null | undefined;
}

export interface WebhookUpdate {
  readonly id: string;
  readonly url?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly eventKinds?: readonly WebhookEventKind[] | null | undefined;
  readonly enabled?: boolean | null | undefined;
}

/** The only moment at which a secret can be read. */
export interface WebhookWithSecretView {
  readonly secret: string;
  readonly webhook: WebhookView;
}

const DISABLED_BY_HAND = "A manager has disabled it.";
/** Longer than any request, and any lease. */
const ROTATION_MS = 45 * SECOND_MS;
const LOOK_AGAIN_MS = 50;

export type WebhookService = ReturnType<typeof createWebhookService>;

/** Webhooks of a company: receivers of its events, for its managers. */
export const createWebhookService = (deps: WebhookDeps) => ({
  /** The company's webhooks, the oldest first. */
  async listWebhooks(
    viewer: Viewer,
    companyId: string,
    page: PageArguments,
  ): Promise<Connection<WebhookView>> {
    authorize(companyWebhookPolicy, "manageWebhooksOf", viewer, await findCompany(deps.db, companyId));
    const found = await repository.listWebhooks(deps.db, companyId, pageRequest(page));
    return toConnection(found, repository.webhookPosition, () =>
      repository.countWebhooks(deps.db, companyId),
    );
  },

  findWebhook: async (viewer: Viewer, id: string): Promise<WebhookView | null> =>
    readable(webhookPolicy, viewer, await find(deps.db, viewer, id)),

  /** @throws BAD_USER_INPUT for a bad URL or secret, QUOTA_EXCEEDED when the company has as many as it may have */
  createWebhook: (viewer: Viewer, input: WebhookInput) => createWebhook(deps, viewer, input),

  /** Changes, disables or enables a webhook. Enabled again, it gets what has waited. @throws BAD_USER_INPUT, NOT_FOUND */
  async updateWebhook(viewer: Viewer, input: WebhookUpdate): Promise<WebhookView> {
    const changed = await change(deps, viewer, input.id, (tx, by, webhook) =>
      applyUpdate(deps, tx, { by, webhook, input }),
    );
    deps.wake();
    return changed;
  },

  /** Nothing is sent any more, not even what waits. @throws NOT_FOUND */
  deleteWebhook: (viewer: Viewer, id: string): Promise<WebhookView> =>
    change(deps, viewer, id, async (tx, by, { companyId }) => {
      const deletion = { now: deps.clock(), deletedBy: by.id };
      const deleted = required(await repository.softDeleteWebhook(tx, companyId, id, deletion));
      await auditWebhook(tx, by, "webhook.deleted", deleted);
      return deleted;
    }),

  /** When it returns, no request is under way that was signed with an earlier secret. @throws NOT_FOUND */
  rotateSecret: (viewer: Viewer, id: string) => rotateSecret(deps, viewer, id),

  /** Queues an event that only this webhook gets. @throws CONFLICT if it is disabled, NOT_FOUND */
  testWebhook: (viewer: Viewer, id: string): Promise<WebhookView> =>
    change(deps, viewer, id, async (tx, _by, webhook) => {
      if (webhook.disabledAt !== null) throw webhookIsDisabled();
      const { companyId } = webhook;
      recordEvent(tx, { topic: `webhook:${webhook.id}`, companyId, type: TEST_EVENT, payload: {} });
      return webhook;
    }),
});

const find = async (db: Database, viewer: Viewer, id: string): Promise<WebhookView | null> =>
  isId(id) ? repository.findWebhook(db, managedTenantsOf(viewer), id) : null;

function required(webhook: WebhookView | null): WebhookView {
  if (webhook === null) throw notFound(webhookPolicy.subject);
  return webhook;
}

/** Changes a webhook on behalf of a viewer, whose rights are checked again in the transaction. */
async function change(
  { db }: Pick<WebhookDeps, "db">,
  viewer: Viewer,
  id: string,
  write: (tx: Database, by: UserViewer, webhook: WebhookView) => Promise<WebhookView>,
): Promise<WebhookView> {
  const allowed = authorize(webhookPolicy, "change", viewer, await find(db, viewer, id));
  const { companyId } = allowed.subject;
  return writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, by) =>
    write(tx, by, authorize(webhookPolicy, "change", by, await find(tx, by, id)).subject),
  );
}

async function createWebhook(
  deps: WebhookDeps,
  viewer: Viewer,
  { companyId, url, description, eventKinds, secret: given }: WebhookInput,
): Promise<WebhookWithSecretView> {
  const { db, maxWebhooks, seal, rules } = deps;
  const company = await findCompany(db, companyId);
  const { viewer: by } = authorize(companyWebhookPolicy, "manageWebhooksOf", viewer, company);
  const receiver = readReceiverUrl(url, rules);
  if (given && keyOfSecret(given) === null) throw notASecret();
  const secret = given || makeSecret();
  const webhook = await writeAs(db, { viewer: by, companyId }, async (tx, known) => {
    authorize(companyWebhookPolicy, "manageWebhooksOf", known, await findCompany(tx, companyId));
    if ((await repository.countWebhooksForAdding(tx, companyId)) >= maxWebhooks)
      throw tooManyWebhooks(maxWebhooks);
    const id = newId();
    const created = await repository.insertWebhook(tx, {
      id,
      companyId,
      url: receiver,
      description: description ?? "",
      eventKinds: inOrder(eventKinds),
      sealedSecret: seal.seal(id, secret),
      createdBy: known.id,
    });
    await auditWebhook(tx, known, "webhook.created", created);
    return created;
  });
  return { secret, webhook };
}

interface Updating {
  readonly by: UserViewer;
  readonly webhook: WebhookView;
  readonly input: WebhookUpdate;
}

async function applyUpdate(
  { clock, rules }: WebhookDeps,
  tx: Database,
  { by, webhook, input: { url, description, eventKinds, enabled } }: Updating,
): Promise<WebhookView> {
  const now = clock();
  const { companyId, id } = webhook;
  const isEnabled = enabled === true && webhook.disabledAt !== null;
  const isDisabled = enabled === false && webhook.disabledAt === null;
  const changed = required(
    await repository.updateWebhook(tx, companyId, id, {
      updatedAt: now,
      ...(url && { url: readReceiverUrl(url, rules) }),
      ...(typeof description === "string" && { description }),
      ...(eventKinds && { eventKinds: inOrder(eventKinds) }),
      ...(isEnabled && { disabledAt: null, disabledReason: null, failures: 0 }),
      ...(isDisabled && { disabledAt: now, disabledReason: DISABLED_BY_HAND }),
    }),
  );
  if (isEnabled) await updateQueuesAsDue(tx, companyId, id);
  if (url || typeof description === "string" || eventKinds)
    await auditWebhook(tx, by, "webhook.updated", changed);
  if (isEnabled) await auditWebhook(tx, by, "webhook.enabled", changed);
  if (isDisabled) await auditWebhook(tx, by, "webhook.disabled", changed);
  return changed;
}

async function rotateSecret(deps: WebhookDeps, viewer: Viewer, id: string): Promise<WebhookWithSecretView> {
  const { db, clock, seal } = deps;
  const secret = makeSecret();
  const webhook = await change(deps, viewer, id, async (tx, by, { companyId }) => {
    const rotation = { sealedSecret: seal.seal(id, secret), now: clock() };
    const rotated = required(await repository.updateSecret(tx, companyId, id, rotation));
    await auditWebhook(tx, by, "webhook.secret-rotated", rotated);
    return rotated;
  });
  // Whoever reads the secret from now on reads the new one; what was read before is waited for.
  const end = performance.now() + ROTATION_MS;
  while (await isSendingWithOlderSecret(db, id, webhook.secretVersion)) {
    if (performance.now() > end) throw rotationNotSettled();
    await delay(LOOK_AGAIN_MS);
  }
  return { secret, webhook };
}

/** In the order of the enum, each once. */
const inOrder = (kinds: readonly WebhookEventKind[]): WebhookEventKind[] =>
  (Object.keys(WEBHOOK_EVENT_TYPES) as WebhookEventKind[]).filter((kind) => kinds.includes(kind));
