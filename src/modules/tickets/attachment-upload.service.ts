import { badUserInput } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { IncomingFiles } from "../../platform/http/multipart/incoming-files.js";
import { ENVELOPE_BYTES } from "../../platform/http/multipart/incoming-files.js";
import type { AttachmentView } from "../attachments/attachment.repository.js";
import type { AttachmentService } from "../attachments/attachment.service.js";
import type { ParentRef } from "../attachments/parents.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import type { IngestService } from "../media/ingest/ingest.service.js";
import type { FoundTicket } from "./find-ticket.js";
import { requireLockedTicket, requireReply, requireTicket } from "./find-ticket.js";
import type { TicketView } from "./ticket.repository.js";
import { refuseOverQuota } from "./ticket-parents.js";
import type { TicketQuota } from "./ticket-quota.repository.js";
import { lockTicket } from "./ticket-quota.repository.js";

export interface AttachmentUploadDeps {
  readonly db: Database;
  readonly attachments: AttachmentService;
  readonly ingest: IngestService;
  readonly quota: TicketQuota;
}

export type AttachmentUploadService = ReturnType<typeof createAttachmentUploadService>;

/** Uploads to tickets and replies that exist already. */
export function createAttachmentUploadService(deps: AttachmentUploadDeps) {
  return {
    /** All or nothing. @throws QUOTA_EXCEEDED, and what the ingest throws */
    async uploadToTicket(
      viewer: Viewer,
      input: { ticketId: string; description: string | null },
      incoming: IncomingFiles,
    ) {
      const found = await requireTicket(deps.db, viewer, input.ticketId, "attach");
      return upload(
        deps,
        found,
        { kind: "ticket", id: found.ticket.id },
        {
          incoming,
          description: input.description,
          permit: (tx, known) => requireLockedTicket(tx, known, found.ticket.id, "attach"),
        },
      );
    },

    /** All or nothing. @throws QUOTA_EXCEEDED, and what the ingest throws */
    async uploadToReply(
      viewer: Viewer,
      input: { replyId: string; description: string | null },
      incoming: IncomingFiles,
    ) {
      const found = await requireReply(deps.db, viewer, input.replyId, "attach");
      return upload(
        deps,
        found,
        { kind: "reply", id: found.reply.id },
        {
          incoming,
          description: input.description,
          permit: async (tx, known) => {
            await lockTicket(tx, found.ticket.id);
            await requireReply(tx, known, found.reply.id, "attach");
          },
        },
      );
    },
  };
}

interface Attaching {
  readonly incoming: IncomingFiles;
  readonly description: string | null;
  readonly permit: (tx: Database, viewer: UserViewer) => Promise<unknown>;
}

async function upload(
  { attachments, ingest, quota }: AttachmentUploadDeps,
  { viewer, ticket }: FoundTicket,
  parent: ParentRef,
  { incoming, description, permit }: Attaching,
): Promise<AttachmentView[]> {
  if (incoming.files.length === 0) throw badUserInput("Give at least one file.", { field: "files" });
  refuseIncomingOverQuota(ticket, quota, incoming);
  const { companyId } = ticket;
  const ids = await ingest.ingestFiles({
    viewer,
    companyId,
    bucket: "ATTACHMENTS",
    incoming,
    permit,
    inTransaction: (tx, files) =>
      attachments.attachFiles(tx, { viewer, companyId, parent, files, description }),
  });
  return attachments.reread(viewer, ids);
}

/** Refuses an upload that exceeds the quota before its bytes are read, by the announced size. */
export function refuseIncomingOverQuota(
  ticket: TicketView,
  quota: TicketQuota,
  { files, requestBytes }: IncomingFiles,
): void {
  if (files.length === 0) return;
  const load = {
    files: ticket.attachmentCount + ticket.replyAttachmentCount,
    bytes: ticket.attachmentBytes + ticket.replyAttachmentBytes,
  };
  const bytes = Math.max(0, (requestBytes ?? 0) - ENVELOPE_BYTES);
  refuseOverQuota(load, quota, { files: files.length, bytes });
}
