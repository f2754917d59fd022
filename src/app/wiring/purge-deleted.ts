import type { Clock } from "../../kernel/clock.js";
import { HOUR_MS } from "../../kernel/clock.js";
import { restorableSince } from "../../kernel/retention.js";
import type { RunOptions } from "../../kernel/run-options.js";
import type { AttachmentDeletionService } from "../../modules/attachments/attachment-deletion.service.js";
import type { ChatPurgeService } from "../../modules/chat/messages/chat-purge.service.js";
import type { CompanyPurgeService } from "../../modules/identity/companies/company-purge.service.js";
import type { PurgeDeps } from "../../modules/media/upkeep/purge.js";
import { purgeFiles, sumOfPurges } from "../../modules/media/upkeep/purge.js";
import type { PurgeReport } from "../../modules/media/upkeep/purge.repository.js";
import { measurePurge } from "../../modules/media/upkeep/purge.repository.js";
import type { TicketPurgeService } from "../../modules/tickets/deletion/ticket-purge.service.js";
import type { PostDeletionService } from "../../modules/tickets/posts/post-deletion.service.js";
import type { ReplyDeletionService } from "../../modules/tickets/reply-deletion.service.js";
import { purgeWebhooksOf } from "../../modules/webhooks/purge-webhooks.js";

export interface PurgeDeletedDeps extends PurgeDeps {
  readonly clock: Clock;
  readonly retentionDays: number;
  readonly companyPurge: CompanyPurgeService;
  readonly ticketPurge: TicketPurgeService;
  readonly chatPurge: ChatPurgeService;
  readonly attachmentDeletions: AttachmentDeletionService;
  readonly postDeletions: PostDeletionService;
  readonly replyDeletions: Pick<ReplyDeletionService, "purgeDeleted">;
}

export interface DeletedPurgeReport extends PurgeReport {
  readonly companies: number;
  readonly tickets: number;
}

/** Tolerance for differing clocks: a company that can still be restored by another server's clock is not purged. */
const CLOCK_TOLERANCE_MS = HOUR_MS;

/**
 * Purges what was deleted too long ago to be restored: first the objects that use files, then the files, and whole
 * companies.
 */
export async function purgeDeleted(
  deps: PurgeDeletedDeps,
  options: RunOptions = {},
): Promise<DeletedPurgeReport> {
  const { companyPurge, ticketPurge, chatPurge, attachmentDeletions, postDeletions, replyDeletions } = deps;
  const { dryRun = false, signal } = options;
  const before = restorableSince(deps.clock, deps.retentionDays);
  const companiesBefore = new Date(before.getTime() - CLOCK_TOLERANCE_MS);
  const companyIds = await companyPurge.listDue(companiesBefore);

  const { tickets, released } = await ticketPurge.purgeDeleted(before, { ...options, companyIds });
  if (!dryRun) {
    for (const companyId of companyIds) await chatPurge.purgeMessagesOf(companyId, before, signal);
    await chatPurge.purgeDeleted(before);
    await attachmentDeletions.purgeDeleted(before);
    await replyDeletions.purgeDeleted(before);
    await postDeletions.purgeDeleted(before);
  }
  const purged = new Set<string>();
  const onPurged = dryRun ? (id: string) => void purged.add(id) : undefined;
  const reports = [await purgeFiles(deps, { kind: "deleted", before }, { ...options, released, onPurged })];
  let companies = 0;
  for (const companyId of companyIds) {
    signal?.throwIfAborted();
    const reason = { kind: "company purged", companyId } as const;
    reports.push(await purgeFiles(deps, reason, { ...options, companyId, onPurged }));
    if (!dryRun) await chatPurge.purgeConversationsOf(companyId);
    if (!dryRun) await purgeWebhooksOf(deps.db, companyId, options);
    if (dryRun || (await companyPurge.purge(companyId, companiesBefore, options))) companies += 1;
  }
  const files = dryRun ? await measurePurge(deps.db, [...purged]) : sumOfPurges(reports);
  return { companies, tickets, ...files };
}
