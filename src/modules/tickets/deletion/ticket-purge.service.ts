import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { AttachmentDeletionService } from "../../attachments/attachment-deletion.service.js";
import type { PostDeletionService } from "../posts/post-deletion.service.js";
import { auditTicket } from "../ticket.audit.js";
import type { PurgeableTickets } from "./ticket-purge.repository.js";
import {
  listPurgeableTickets,
  listReplyIds,
  lockPurgeableTicket,
  purgeTicket,
} from "./ticket-purge.repository.js";

export interface TicketPurgeDeps {
  readonly db: Database;
  readonly attachmentDeletions: AttachmentDeletionService;
  readonly postDeletions: Pick<PostDeletionService, "purgeAllOf" | "listAllOf">;
}

export interface TicketPurgeOptions extends RunOptions {
  /** Companies that are being purged, with all their tickets. */
  readonly companyIds?: readonly string[] | undefined;
}

export interface TicketPurgeReport {
  readonly tickets: number;
  /** Of a dry run: ids of the resources that would no longer use files. */
  readonly released: readonly string[];
}

interface OwnedTicket {
  readonly id: string;
  readonly companyId: string;
}

const AT_ONCE = 100;

export type TicketPurgeService = ReturnType<typeof createTicketPurgeService>;

export const createTicketPurgeService = (deps: TicketPurgeDeps) => ({
  /**
   * Purges tickets that were deleted before a moment, with their replies, attachments and posts. Their files
   * are left to the media module's purge.
   */
  async purgeDeleted(deletedBefore: Date, options: TicketPurgeOptions = {}): Promise<TicketPurgeReport> {
    const { dryRun = false, companyIds = [], onProgress, signal } = options;
    const which = { deletedBefore, companyIds };
    const released: string[] = [];
    let purged = 0;
    for (let after: string | null = null; ; ) {
      const due: OwnedTicket[] = await listPurgeableTickets(deps.db, which, after, AT_ONCE);
      for (const ticket of due) {
        signal?.throwIfAborted();
        if (dryRun) released.push(...(await listUsingIds(deps, ticket)));
        if (dryRun || (await purgeOne(deps, ticket, which))) purged += 1;
        onProgress?.({ done: purged, total: null });
      }
      after = due.at(-1)?.id ?? null;
      if (due.length < AT_ONCE) return { tickets: purged, released };
    }
  },
});

/** @returns false when it has been restored meanwhile */
async function purgeOne(
  { db, attachmentDeletions, postDeletions }: TicketPurgeDeps,
  { id, companyId }: OwnedTicket,
  which: PurgeableTickets,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    if (!(await lockPurgeableTicket(tx, id, which))) return false;
    for (const parent of await parentsOf(tx, { id, companyId }))
      await attachmentDeletions.purgeAllOf(tx, { companyId, parent }, which.deletedBefore);
    await postDeletions.purgeAllOf(tx, { id, companyId }, which.deletedBefore);
    await purgeTicket(tx, companyId, id);
    // A company that is purged takes its audit log along.
    if (!which.companyIds.includes(companyId))
      await auditTicket(tx, null, "ticket.purged", { id, companyId });
    return true;
  });
}

async function listUsingIds(
  { db, attachmentDeletions, postDeletions }: TicketPurgeDeps,
  ticket: OwnedTicket,
): Promise<string[]> {
  const ids = await postDeletions.listAllOf(ticket);
  for (const parent of await parentsOf(db, ticket))
    ids.push(...(await attachmentDeletions.listLiveOf({ companyId: ticket.companyId, parent })));
  return ids;
}

/** The ticket and its replies, as parents of attachments. */
async function parentsOf(db: Database, { id, companyId }: OwnedTicket) {
  const replyIds = await listReplyIds(db, companyId, id);
  return [{ kind: "ticket", id } as const, ...replyIds.map((id) => ({ kind: "reply", id }) as const)];
}
