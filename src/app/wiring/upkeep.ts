import { MIB } from "../../kernel/bytes.js";
import type { RunOptions } from "../../kernel/run-options.js";
import type { AttachmentDeletionDeps } from "../../modules/attachments/attachment-deletion.service.js";
import { createAttachmentDeletionService } from "../../modules/attachments/attachment-deletion.service.js";
import { createChatPurgeService } from "../../modules/chat/messages/chat-purge.service.js";
import { createCompanyPurgeService } from "../../modules/identity/companies/company-purge.service.js";
import type { UpkeepDeps } from "../../modules/media/upkeep/upkeep.service.js";
import { createUpkeepService } from "../../modules/media/upkeep/upkeep.service.js";
import { RENDER_VARIANTS, requestVariantsOf } from "../../modules/media/variants/request-variants.js";
import { createTicketPurgeService } from "../../modules/tickets/deletion/ticket-purge.service.js";
import { createPostDeletionService } from "../../modules/tickets/posts/post-deletion.service.js";
import { createReplyDeletionService } from "../../modules/tickets/reply-deletion.service.js";
import type { Config } from "../../platform/config/config.js";
import type { JobSender } from "../../platform/jobs/job.js";
import { listUnderWay } from "../../platform/jobs/job-under-way.repository.js";
import { purgeDeleted } from "./purge-deleted.js";
import type { ScanningOptions } from "./scanning.js";
import { createScanning } from "./scanning.js";
import { postQuotaOf } from "./tickets.js";

export interface UpkeepOptions
  extends Pick<
      UpkeepDeps,
      "db" | "storage" | "staging" | "moving" | "clock" | "tempFolder" | "assertOurs" | "assertMayRemove"
    >,
    Pick<AttachmentDeletionDeps, "parents">,
    Pick<ScanningOptions, "scanner" | "log"> {
  readonly config: Config;
  readonly tempRoot: string;
  readonly jobs: JobSender;
}

export type UpkeepServices = ReturnType<typeof createUpkeep>;

/** Builds the services for upkeep, for the jobs and the command line. */
export function createUpkeep({ config, tempRoot, ...given }: UpkeepOptions) {
  const { jobs } = given;
  const shared = { ...given, retentionDays: config.RETENTION_DAYS };
  const attachmentDeletions = createAttachmentDeletionService(shared);
  const deps = {
    ...shared,
    // With the database of the jobs, whose statements have more time than those of requests.
    attachmentDeletions,
    replyDeletions: createReplyDeletionService({ ...shared, attachmentDeletions }),
    postDeletions: createPostDeletionService({ ...shared, postQuota: postQuotaOf(config) }),
  };
  const ticketPurge = createTicketPurgeService(deps);
  const chatPurge = createChatPurgeService(deps);
  const companyPurge = createCompanyPurgeService(deps);
  const deletions = { ...deps, ticketPurge, chatPurge, companyPurge };
  const service = createUpkeepService({
    ...deps,
    tempRoot,
    requestVariants: requestVariantsOf(jobs),
    listAskedFor: () => listUnderWay(deps.db, { name: RENDER_VARIANTS, field: "mediaFileId" }),
    sweepLimits: { mostFiles: config.SWEEP_MOST_FILES, mostPercent: config.SWEEP_MOST_PERCENT },
    trashDays: config.SWEEP_TRASH_DAYS,
    orphanDays: config.ORPHAN_DAYS,
    unfinishedUploadHours: config.UNFINISHED_UPLOAD_HOURS,
    eventDays: config.EVENT_DAYS,
    verifyLimits: { files: config.VERIFY_FILES, bytes: config.VERIFY_MEGABYTES * MIB },
  });
  return {
    ...createScanning(deps),
    ticketPurge,
    upkeep: {
      ...service,
      /** Purges what was deleted too long ago to be restored. */
      async purgeDeleted(options?: RunOptions) {
        if (!options?.dryRun) await deps.assertMayRemove();
        return purgeDeleted(deletions, options);
      },
    },
  };
}
