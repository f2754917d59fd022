import type { Logger } from "pino";
import { MIB } from "../../kernel/bytes.js";
import type { Clock } from "../../kernel/clock.js";
import { systemClock } from "../../kernel/clock.js";
import { createAttachmentLoaders } from "../../modules/attachments/attachment.loaders.js";
import { createAttachmentService } from "../../modules/attachments/attachment.service.js";
import { createAttachmentDeletionService } from "../../modules/attachments/attachment-deletion.service.js";
import type { FindAttachmentDeps } from "../../modules/attachments/find-attachment.js";
import { parentsByKind } from "../../modules/attachments/parents.js";
import { createConversationLoaders } from "../../modules/chat/conversations/conversation.loaders.js";
import { createConversationGuestsLoaders } from "../../modules/chat/guests/conversation-guests.loaders.js";
import { createChatMessageLoaders } from "../../modules/chat/messages/chat-message.loaders.js";
import { createConversationAttachmentLoaders } from "../../modules/chat/messages/conversation-attachment.loaders.js";
import { createMessageParents } from "../../modules/chat/messages/message-parents.js";
import { timesForApiKeys } from "../../modules/identity/api-keys/api-key-limits.js";
import { createDownloadService } from "../../modules/media/downloads/download.service.js";
import { createIngestService } from "../../modules/media/ingest/ingest.service.js";
import { createMediaFileLoaders } from "../../modules/media/media-file.loaders.js";
import { createMediaFileService } from "../../modules/media/media-file.service.js";
import type { ReportDamageDeps } from "../../modules/media/upkeep/report-damage.js";
import { createReportDamage } from "../../modules/media/upkeep/report-damage.js";
import { requestVariantsOf } from "../../modules/media/variants/request-variants.js";
import { createTicketAttachmentLoaders } from "../../modules/tickets/attachments/ticket-attachment.loaders.js";
import type { DeletedItemDeps } from "../../modules/tickets/deletion/deleted-items.loaders.js";
import { createDeletedItemLoaders } from "../../modules/tickets/deletion/deleted-items.loaders.js";
import { createPostLoaders } from "../../modules/tickets/posts/post.loaders.js";
import { createPostUsageLoaders } from "../../modules/tickets/posts/post-usage.loaders.js";
import type { TicketLoaderDeps } from "../../modules/tickets/ticket.loaders.js";
import { createTicketLoaders } from "../../modules/tickets/ticket.loaders.js";
import { createTicketParents } from "../../modules/tickets/ticket-parents.js";
import { createWebhookLoaders } from "../../modules/webhooks/webhook.loaders.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import { createEventCursorLoaders } from "../../platform/graphql/event-cursor.loaders.js";
import { createEventUrls } from "../../platform/graphql/subscriptions/event-urls.js";
import { createUrlSigner } from "../../platform/http/files/signed-url.js";
import type { JobSender } from "../../platform/jobs/job.js";
import { openScanner } from "../../platform/scanner/open-scanner.js";
import type { Storage } from "../../platform/storage/storage.js";
import { guardTempFolder, openTempFolder } from "../../platform/storage/temp-folder.js";
import { readBucketRules } from "../startup/bucket-overrides.js";
import type { OpenedFiles } from "../startup/open-files.js";
import type { Secrets } from "../startup/secrets.js";
import { createBranding } from "./branding.js";
import { createChannels } from "./channels.js";
import { createChat } from "./chat.js";
import { createFileAccess } from "./file-access.js";
import { createIdentity } from "./identity.js";
import { createImports } from "./imports.js";
import { createLibrary } from "./library.js";
import type { Services } from "./services.js";
import { createStagedUploads } from "./staged-uploads.js";
import type { Telemetry } from "./telemetry.js";
import { noTelemetry } from "./telemetry.js";
import { createTickets } from "./tickets.js";
import { createUpkeep } from "./upkeep.js";
import { createVariants } from "./variants.js";
import { createWebhooks } from "./webhooks.js";

export interface ServiceOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly database: DatabaseClient;
  readonly files: OpenedFiles;
  /** Where services ask for jobs. */
  readonly jobs: JobSender;
  readonly telemetry?: Pick<Telemetry, "ingest" | "observeScanner">;
  readonly clock?: Clock;
  readonly log: Logger;
}

/** Builds all services from their dependencies. */
export async function createServices({
  config,
  secrets,
  database,
  files: { storage, staging, moving, tempRoot, guard },
  jobs,
  telemetry = noTelemetry,
  log,
  clock = systemClock,
}: ServiceOptions): Promise<Services> {
  const { db, background } = database;
  const tempFolder = guardTempFolder(await openTempFolder(tempRoot), guard.assertOurs);
  const maxPixels = config.IMAGE_MEGAPIXELS * 1_000_000;
  const buckets = await readBucketRules(config.BUCKETS_FILE);
  const lifetimeMs = config.SIGNED_URL_MINUTES * 60_000;
  const signer = createUrlSigner({ keys: secrets.urlSigningKeys, lifetimeMs, clock });
  const shared = { config, db, background, clock, storage, staging, tempFolder, buckets, jobs, ...guard };
  const quota = { files: config.TICKET_FILES, bytes: config.TICKET_MEGABYTES * MIB };
  const { RETENTION_DAYS: retentionDays, ORPHAN_DAYS: orphanDays } = config;

  const identity = createIdentity({ config, secrets, db, clock, log });
  const ticketParents = createTicketParents({ quota });
  const parents = parentsByKind({
    ticket: ticketParents,
    reply: ticketParents,
    message: createMessageParents({ filesPerMessage: config.CHAT_FILES }),
  });
  const finding = { db, clock, ...guard, ...createFileAccess({ parents }) };
  const mediaFiles = createMediaFileService(finding);
  const checking = {
    scanner: telemetry.observeScanner(openScanner(config)),
    scanInlineBytes: config.SCAN_INLINE_MEGABYTES * MIB,
    log,
    observer: telemetry.ingest,
    maxPixels,
  };
  const ingest = createIngestService({ ...shared, ...checking, filesPerRequest: config.FILES_PER_REQUEST });
  const variants = await createVariants({ ...shared, maxPixels, signer, parents });
  const { companies } = identity;
  const branding = createBranding({ db, ingest, companies, urls: variants.services.urls });
  const library = createLibrary({ ...shared, ...finding, ingest, parents, retentionDays, orphanDays });
  const attachments = createAttachmentService({ db, parents });
  const attachmentDeletions = createAttachmentDeletionService({ db, parents, clock, retentionDays });
  const files = { ingest, mediaFiles, attachments, attachmentDeletions };
  const tickets = createTickets({ ...shared, ...files, quota });
  const chat = createChat({ ...shared, ...files, issueGuestToken: identity.sessions.issueGuestToken });
  return {
    ...identity,
    ...tickets,
    ...chat,
    ...createUpkeep({ ...shared, ...checking, db: background, moving, tempRoot, parents }),
    ...files,
    jobs,
    signer,
    eventUrls: createEventUrls(signer),
    storage,
    tempFolder,
    buckets,
    ...branding,
    ...createImports({ db, ...files, ...variants.services }),
    ...variants.services,
    ...library.services,
    downloads: createDownloads({ ...shared, log }),
    /** The channels of the feed, and the source of its viewers. */
    channels: createChannels(shared),
    viewers: { reload: identity.sessions.reload },
    ...createWebhooks({ ...shared, secrets, log }),
    ...createStagedUploads({ ...shared, ...checking, ...finding, quota }),
    loaders: {
      ...identity.loaders,
      ...branding.loaders,
      ...createLoaders({ db, parents, users: identity.loaders.users, clock, retentionDays }),
      variants: variants.loaders,
      ...library.loaders,
    },
  };
}

type DownloadServiceDeps = Pick<ServiceOptions, "config" | "jobs" | "log"> &
  Omit<ReportDamageDeps, "requestVariants"> & { readonly storage: Storage };

function createDownloads({ config, jobs, ...deps }: DownloadServiceDeps) {
  const reportDamage = createReportDamage({ ...deps, requestVariants: requestVariantsOf(jobs) });
  return createDownloadService({
    ...deps,
    downloadsPerMinute: config.DOWNLOADS_PER_MINUTE,
    downloadsAtOnce: config.DOWNLOADS_AT_ONCE,
    limitFor: timesForApiKeys(config.API_KEY_RATE_FACTOR),
    redirects: config.DOWNLOAD_MODE === "redirect",
    reportDamage,
  });
}

type LoaderDeps = FindAttachmentDeps & TicketLoaderDeps & DeletedItemDeps;

function createLoaders({ db, parents, users, ...retention }: LoaderDeps) {
  const tickets = createTicketLoaders({ db, users });
  const conversations = createConversationLoaders({ db });
  return {
    tickets,
    conversations,
    chatMessages: createChatMessageLoaders({ db, conversations }),
    conversationGuests: createConversationGuestsLoaders({ db }),
    mediaFiles: createMediaFileLoaders({ db }),
    attachments: createAttachmentLoaders({ db, parents }),
    posts: createPostLoaders({ db }),
    deletedItems: createDeletedItemLoaders({ db, ...retention }),
    ticketAttachments: createTicketAttachmentLoaders({ db }),
    conversationAttachments: createConversationAttachmentLoaders({ db, ...retention }),
    postUsages: createPostUsageLoaders(db, tickets),
    webhooks: createWebhookLoaders({ db }),
    eventCursors: createEventCursorLoaders({ db }),
  };
}
