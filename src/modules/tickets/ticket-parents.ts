import { formatBytes } from "../../kernel/bytes.js";
import { quotaExceeded } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { AttachmentParents, ParentRef, ParentState } from "../attachments/parents.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import { replyPolicy } from "./reply.policy.js";
import { listRepliesByIds } from "./reply.repository.js";
import { ticketPolicy } from "./ticket.policy.js";
import { listTicketsByIds } from "./ticket.repository.js";
import type { TicketQuota } from "./ticket-quota.repository.js";
import { changeTicketLoad, findTicketIdOfReply, findTicketLoad } from "./ticket-quota.repository.js";

/** What tickets and replies answer for the attachments that hang on them. */
export function createTicketParents({
  db,
  quota,
}: {
  readonly db: Database;
  readonly quota: TicketQuota;
}): AttachmentParents {
  return {
    async statesFor(viewer, parents) {
      if (viewer.kind === "anonymous" || parents.length === 0) return new Map();
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

    async countFiles(tx, parent, { files, bytes }) {
      const onReply = parent.kind === "reply";
      const ticketId = onReply ? await findTicketIdOfReply(tx, parent.id) : parent.id;
      if (ticketId === null) throw new Error(`reply ${parent.id} vanished while files were attached to it`);
      if (await changeTicketLoad(tx, ticketId, { onReply, files, bytes }, quota)) return;
      await refuseOverQuota(tx, { ticketId, quota, more: { files, bytes } });
      throw new Error(`ticket ${ticketId} refused files that its quota allows`);
    },
  };
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
 * Says whether a ticket takes more files. Exact only under its lock; before an upload it spares the bytes of one
 * that cannot succeed.
 *
 * @throws QUOTA_EXCEEDED
 */
export async function refuseOverQuota(
  db: Database,
  {
    ticketId,
    quota,
    more,
  }: { readonly ticketId: string; readonly quota: TicketQuota; readonly more: TicketQuota },
): Promise<void> {
  const load = await findTicketLoad(db, ticketId);
  if (load === null) return;
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
