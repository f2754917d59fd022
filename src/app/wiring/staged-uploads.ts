import { authorizeMessageUpload } from "../../modules/chat/messages/message-upload-target.js";
import { timesForApiKeys } from "../../modules/identity/api-keys/api-key-limits.js";
import type { FindMediaFileDeps } from "../../modules/media/find-media-file.js";
import { createUploadAdmission } from "../../modules/media/ingest/upload-admission.js";
import { createCompleteUploadService } from "../../modules/media/uploads/complete-upload.service.js";
import { createMediaUploadTargets } from "../../modules/media/uploads/media-upload-targets.js";
import { createResumableUploadService } from "../../modules/media/uploads/resumable-upload.service.js";
import type { StagedUploadDeps } from "../../modules/media/uploads/staged-upload.service.js";
import { createStagedUploadService } from "../../modules/media/uploads/staged-upload.service.js";
import { createUploadLeases } from "../../modules/media/uploads/upload-lease.js";
import { createUploadRequests } from "../../modules/media/uploads/upload-requests.js";
import type { UploadTargets } from "../../modules/media/uploads/upload-targets.js";
import { createPostUploadTarget } from "../../modules/tickets/posts/post-upload-target.js";
import type { TicketQuota } from "../../modules/tickets/ticket-quota.repository.js";
import { createTicketUploadTargets } from "../../modules/tickets/ticket-upload-targets.js";
import type { Config } from "../../platform/config/config.js";
import { postQuotaOf } from "./tickets.js";

interface StagedUploadOptions
  extends Omit<StagedUploadDeps, "targets" | "leases" | "admission" | "limits">,
    FindMediaFileDeps {
  readonly config: Config;
  readonly quota: TicketQuota;
}

/** Builds the services for uploads that arrive apart from the mutation that uses them. */
export function createStagedUploads({ config, quota, ...given }: StagedUploadOptions) {
  const media = createMediaUploadTargets(given);
  const tickets = createTicketUploadTargets({ quota });
  const forPost = createPostUploadTarget(postQuotaOf(config));
  const targets: UploadTargets = {
    ...media,
    ...tickets,
    company: { ...media.company, ...tickets.company },
    ticket: { ...tickets.ticket, PHOTOS: forPost, VIDEOS: forPost },
    conversation: { CHAT: authorizeMessageUpload },
  };
  const limitFor = timesForApiKeys(config.API_KEY_RATE_FACTOR);
  const admission = createUploadAdmission(given.db, {
    perMinute: config.UPLOADS_PER_MINUTE,
    filesPerMinute: config.UPLOAD_FILES_PER_MINUTE,
    atOnce: config.UPLOADS_AT_ONCE,
    limitFor,
  });
  const deps = {
    ...given,
    targets,
    admission,
    leases: createUploadLeases(given),
    limits: {
      open: config.STAGED_UPLOADS,
      limitFor,
      hours: config.UNFINISHED_UPLOAD_HOURS,
    },
  };
  return {
    uploadAdmission: admission,
    stagedUploads: createStagedUploadService(deps),
    completeUploads: createCompleteUploadService(deps),
    uploadRequests: createUploadRequests(deps),
    resumableUploads: createResumableUploadService(deps),
  };
}
