import { formatBytes } from "../../kernel/bytes.js";
import { gone, quotaExceeded } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { AttachmentEvent, AttachmentParents, ParentRef, ParentState } from "../attachments/parents.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import { replyPolicy } from "./reply.policy.js";
import { listRepliesByIds } from "./reply.repository.js";
import { requireReplyTicket } from "./require-reply-ticket.js";
import { recordTicketEvent } from "./ticket.events.js";
import { ticketPolicy } from "./ticket.policy.js";
import { listTicketsByIds } from "./ticket.repository.js";
import type { TicketLoad, TicketQuota } from "./ticket-quota.repository.js";
import { changeTicketLoad, findReplyState, findTicketLoad, lockTicket } from "./ticket-quota.repository.js";

/** What tickets and replies answer for their attachments. */
export function createTicketParents({ quota }: { readonly quota: TicketQuota }): AttachmentParents {
  return {
    async statesFor(db, viewer, parents) {
      if (viewer.kind !== "user" || parents.length === 0) return new Map();
      const replies = await listRepliesByIds(db, tenantsOf(viewer), idsOf(parents, "reply"));
      const ticketIds = [...idsOf(parents, "ticket"), ...replies.map((reply) => reply.ticketId)];
      const rows = await listTicketsByIds(db, tenantsOf(viewer), viewer.id, ticketIds);
      const tickets = new Map(rows.map((ticket) => [ticket.id, ticket]));
      return new Map([
        ...rows.flatMap((ticket) => stateOf(viewer, ticket, ticket.id)),
        ...replies.flatMap((reply) => {
          const ticket = tickets.get(reply.ticketId);
          if (!ticket || !replyPolicy.read(viewer, { reply, ticket })) return [];
          const deleted = reply.deletedAt !== null || ticket.deletedAt !== null;
          return [[reply.id, deleted ? "deleted" : "readable"] as const];
        }),
      ]);
    },

    async lock(tx, parent) {
      await lockTicket(tx, await ticketIdOf(tx, parent));
    },

    async countFiles(tx, parent, { files, bytes }) {
      const ticketId = await ticketIdOf(tx, parent);
      const onReply = parent.kind === "reply";
      const counted = await changeTicketLoad(tx, ticketId, { onReply, files, bytes }, quota);
      if (!counted) {
        const load = await findTicketLoad(tx, ticketId);
        if (load) refuseOverQuota(load, quota, { files, bytes });
        throw gone("ticket");
      }
      // Read under the ticket's lock, which the deletion of a reply takes as well.
      if (files > 0 && onReply && (await findReplyState(tx, parent.id))?.deletedAt !== null)
        throw gone("reply");
    },

    onAttachmentChanged: attachmentChanged,
  };
}

const ticketIdOf = async (tx: Database, parent: ParentRef): Promise<string> =>
  parent.kind === "ticket" ? parent.id : (await requireReplyTicket(tx, parent.id)).ticketId;

/** Records the event in the transaction that changes the attachment. */
async function attachmentChanged(
  tx: Database,
  parent: ParentRef,
  { companyId, attachmentId, what }: AttachmentEvent,
): Promise<void> {
  const type = `attachment.${what === "rendered" ? "updated" : what}` as const;
  if (parent.kind === "ticket")
    return recordTicketEvent(tx, { id: parent.id, companyId }, type, { attachmentId });
  const { ticketId, isInternal } = await requireReplyTicket(tx, parent.id);
  const payload = { attachmentId, replyId: parent.id, ...(isInternal && { isInternal }) };
  recordTicketEvent(tx, { id: ticketId, companyId }, type, payload);
}

const idsOf = (parents: readonly ParentRef[], kind: ParentRef["kind"]) =>
  parents.flatMap((parent) => (parent.kind === kind ? [parent.id] : []));

function stateOf(
  viewer: Viewer,
  ticket: Parameters<typeof ticketPolicy.read>[1],
  id: string,
): [string, ParentState][] {
  if (!ticketPolicy.read(viewer, ticket)) return [];
  return [[id, ticket.deletedAt === null ? "readable" : "deleted"]];
}

/**
 * Refuses what exceeds a ticket's quota. It is exact only under the ticket's lock; before an upload it saves receiving
 * files that would be refused.
 *
 * @throws QUOTA_EXCEEDED
 */
export function refuseOverQuota(load: TicketLoad, quota: TicketQuota, more: TicketLoad): void {
  if (load.files + more.files > quota.files)
    throw quotaExceeded(
      `A ticket and its replies take ${quota.files} files; this one has ${load.files}, and ${more.files} more do not fit. Delete some, or open another ticket.`,
      { limit: quota.files, actual: load.files + more.files },
    );
  if (load.bytes + more.bytes > quota.bytes)
    throw quotaExceeded(
      `A ticket and its replies take ${formatBytes(quota.bytes)} of files; this one has ${formatBytes(load.bytes)}, and ${formatBytes(more.bytes)} more do not fit.`,
      { limit: quota.bytes, actual: load.bytes + more.bytes },
    );
}
