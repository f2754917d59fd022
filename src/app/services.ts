import { join } from "node:path";
import { MIB } from "../kernel/bytes.js";
import type { Clock } from "../kernel/clock.js";
import { systemClock } from "../kernel/clock.js";
import { createAttachmentLoaders } from "../modules/attachments/attachment.loaders.js";
import { createAttachmentService } from "../modules/attachments/attachment.service.js";
import { createAttachmentDeletionService } from "../modules/attachments/attachment-deletion.service.js";
import { createAttachmentVerdict } from "../modules/attachments/usage-verdict.js";
import { createTokenIssuer, createTokenVerifier } from "../modules/identity/access-token.js";
import { createCompanyLoaders } from "../modules/identity/company.loaders.js";
import { createCompanyService } from "../modules/identity/company.service.js";
import { createMembershipLoaders } from "../modules/identity/membership.loaders.js";
import { createMembershipService } from "../modules/identity/membership.service.js";
import { createRefreshTokens } from "../modules/identity/refresh-token.js";
import { createScriptTokenService } from "../modules/identity/script-token.service.js";
import { createSessionService } from "../modules/identity/session.service.js";
import { createUserLoaders } from "../modules/identity/user.loaders.js";
import { createUserService } from "../modules/identity/user.service.js";
import { createDownloadService } from "../modules/media/download.service.js";
import { createDownloadUrls } from "../modules/media/download-urls.js";
import { createMediaImportService } from "../modules/media/import/media-import.service.js";
import { createCheckInService } from "../modules/media/intake/check-in.service.js";
import { createUploadAdmission } from "../modules/media/intake/upload-admission.js";
import { createMediaFileLoaders } from "../modules/media/media-file.loaders.js";
import { createMediaFileService } from "../modules/media/media-file.service.js";
import { anyVerdict } from "../modules/media/usage-verdicts.js";
import { createReplyService } from "../modules/tickets/reply.service.js";
import { createTicketLoaders } from "../modules/tickets/ticket.loaders.js";
import { createTicketService } from "../modules/tickets/ticket.service.js";
import { createTicketDeletionService } from "../modules/tickets/ticket-deletion.service.js";
import { createTicketParents } from "../modules/tickets/ticket-parents.js";
import { createTicketParticipantService } from "../modules/tickets/ticket-participant.service.js";
import { createTicketPurgeService } from "../modules/tickets/ticket-purge.service.js";
import { createUploadService } from "../modules/tickets/upload.service.js";
import type { Config } from "../platform/config/config.js";
import type { DatabaseClient } from "../platform/database/client.js";
import { createUrlSigner } from "../platform/http/signed-url.js";
import type { JobSender } from "../platform/jobs/job.js";
import { scannerOff } from "../platform/scanner/off.js";
import { createLocalStorage, localTempFolder } from "../platform/storage/local.js";
import { openTempFolder } from "../platform/storage/temp-folder.js";
import { readBucketRules } from "./bucket-overrides.js";
import { createLibrary } from "./library.js";
import { createPictures } from "./pictures.js";
import type { Secrets } from "./secrets.js";
import { createUpkeep } from "./upkeep.js";

export interface ServiceOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly database: DatabaseClient;
  readonly dataFolder: string;
  /** Where services ask for jobs. */
  readonly jobs: JobSender;
  readonly clock?: Clock;
}

export type Services = Awaited<ReturnType<typeof createServices>>;

/** Builds every service from what it needs; the only place that knows them all. */
export async function createServices({
  config,
  secrets,
  database,
  dataFolder,
  jobs,
  clock = systemClock,
}: ServiceOptions) {
  const { db } = database;
  const storageRoot = join(dataFolder, "files");
  const storage = createLocalStorage({ root: storageRoot });
  const tempFolder = await openTempFolder(localTempFolder(storageRoot));
  const maxPixels = config.IMAGE_MEGAPIXELS * 1_000_000;
  const buckets = await readBucketRules(config.BUCKETS_FILE);
  const signer = createUrlSigner({
    keys: secrets.urlSigningKeys,
    lifetimeMs: config.SIGNED_URL_MINUTES * 60_000,
    clock,
  });
  const quota = { files: config.TICKET_FILES, bytes: config.TICKET_MEGABYTES * MIB };
  const retentionDays = config.RETENTION_DAYS;

  const identity = createIdentity({ config, secrets, db, clock });
  const parents = createTicketParents({ db, quota });
  const finding = { db, clock, verdictOf: anyVerdict(createAttachmentVerdict({ db, parents })) };
  const mediaFiles = createMediaFileService({ ...finding, storage });
  const checkIns = createCheckInService({
    db,
    storage,
    clock,
    tempFolder,
    buckets,
    jobs,
    scanner: scannerOff,
    filesPerRequest: config.FILES_PER_REQUEST,
    maxPixels,
  });
  const urls = createDownloadUrls(signer);
  const pictures = createPictures({ db, storage, tempFolder, buckets, maxPixels, urls });
  const orphanDays = config.ORPHAN_DAYS;
  const library = createLibrary({ ...finding, storage, checkIns, jobs, parents, retentionDays, orphanDays });
  const attachments = createAttachmentService({ db, parents, clock });
  const attachmentDeletions = createAttachmentDeletionService({ db, parents, clock, retentionDays });
  const ticketPurge = createTicketPurgeService({ db, attachmentDeletions });
  return {
    ...identity,
    jobs,
    signer,
    storage,
    tempFolder,
    buckets,
    mediaFiles,
    checkIns,
    mediaImports: createMediaImportService({ db, checkIns }),
    attachments,
    attachmentDeletions,
    urls,
    ...pictures.services,
    ...library.services,
    downloads: createDownloadService({ db, storage, downloadsPerMinute: config.DOWNLOADS_PER_MINUTE }),
    uploadAdmission: createUploadAdmission(db, {
      perMinute: config.UPLOADS_PER_MINUTE,
      atOnce: config.UPLOADS_AT_ONCE,
    }),
    tickets: createTicketService({ db, attachments, checkIns }),
    ticketDeletions: createTicketDeletionService({ db, clock, retentionDays }),
    ticketParticipants: createTicketParticipantService({ db }),
    ticketPurge,
    upkeep: createUpkeep({ config, db, storage, clock, storageRoot, ticketPurge, attachmentDeletions }),
    replies: createReplyService({ db, attachments, attachmentDeletions, checkIns, quota }),
    uploads: createUploadService({ db, attachments, checkIns, quota }),
    loaders: {
      ...identity.loaders,
      mediaFiles: createMediaFileLoaders({ db }),
      variants: pictures.loaders,
      library: library.loaders,
      attachments: createAttachmentLoaders({ db, parents }),
      tickets: createTicketLoaders({ db, users: identity.loaders.users }),
    },
  };
}

function createIdentity({
  config,
  secrets,
  db,
  clock,
}: Pick<ServiceOptions, "config" | "secrets"> & { db: DatabaseClient["db"]; clock: Clock }) {
  const { AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const secret = secrets.authSecret;
  const loaders = {
    users: createUserLoaders({ db }),
    companies: createCompanyLoaders({ db }),
    memberships: createMembershipLoaders({ db }),
  };
  return {
    loaders,
    sessions: createSessionService({
      db,
      clock,
      issueToken: createTokenIssuer({ secret, clock }),
      refreshTokens: createRefreshTokens({ secret }),
      verifyToken: createTokenVerifier({
        secret,
        clock,
        ...(url && issuer && audience && { jwks: { url, issuer, audience } }),
      }),
      signInsPerMinute: config.SIGN_INS_PER_MINUTE,
    }),
    scriptTokens: createScriptTokenService({ db, clock, secret }),
    companies: createCompanyService({ db, clock, retentionDays: config.RETENTION_DAYS }),
    memberships: createMembershipService({ db, loaders: loaders.memberships }),
    users: createUserService({ db }),
  };
}
