import { authorize } from "../../kernel/authorize.js";
import { badUserInput } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { IncomingFiles } from "../../platform/http/multipart/incoming-files.js";
import type { AttachmentService } from "../attachments/attachment.service.js";
import type { Viewer } from "../identity/viewer.js";
import type { IngestService } from "../media/ingest/ingest.service.js";
import { refuseIncomingOverQuota } from "./attachment-upload.service.js";
import { requireLockedTicket, requireReply, requireTicket, rereadReply } from "./find-ticket.js";
import { auditReply } from "./reply.audit.js";
import * as repository from "./reply.repository.js";
import type { ReplyRow } from "./reply.tables.js";
import { recordReplyEvent } from "./ticket.events.js";
import { ticketPolicy } from "./ticket.policy.js";
import type { TicketQuota } from "./ticket-quota.repository.js";
import { writeOnTicket } from "./write-on-ticket.js";

export interface ReplyDeps {
  readonly db: Database;
  readonly attachments: AttachmentService;
  readonly ingest: IngestService;
  readonly quota: TicketQuota;
}

export type ReplyService = ReturnType<typeof createReplyService>;

export function createReplyService({ db, attachments, ingest, quota }: ReplyDeps) {
  return {
    /** Answers a ticket, with files, all or nothing. */
    async addReply(
      viewer: Viewer,
      input: { ticketId: string; body: string; isInternal: boolean },
      incoming: IncomingFiles,
    ): Promise<ReplyRow> {
      const found = await requireTicket(db, viewer, input.ticketId, "reply");
      const { ticket, viewer: author } = found;
      if (input.isInternal) authorize(ticketPolicy, "replyInternally", author, ticket);
      const { companyId } = ticket;
      const body = filled(input.body);
      refuseIncomingOverQuota(ticket, quota, incoming);
      const id = await ingest.ingestFiles({
        viewer: author,
        companyId,
        bucket: "ATTACHMENTS",
        incoming,
        permit: async (tx, known) => {
          const now = await requireLockedTicket(tx, known, ticket.id, "reply");
          if (input.isInternal) authorize(ticketPolicy, "replyInternally", known, now.ticket);
        },
        inTransaction: async (tx, files) => {
          const reply = {
            companyId,
            ticketId: ticket.id,
            authorId: author.id,
            body,
            isInternal: input.isInternal,
          };
          const replyId = await repository.insertReply(tx, reply);
          recordReplyEvent(tx, { ...reply, id: replyId }, "reply.added");
          const parent = { kind: "reply", id: replyId } as const;
          await attachments.attachFiles(tx, { viewer: author, companyId, parent, files, description: null });
          return replyId;
        },
      });
      return rereadReply(db, author, id);
    },

    async changeReply(viewer: Viewer, input: { id: string; body: string }): Promise<ReplyRow> {
      const found = await requireReply(db, viewer, input.id, "edit");
      const body = filled(input.body);
      await writeOnTicket(db, found, async (tx, by) => {
        const { reply } = await requireReply(tx, by, input.id, "edit");
        if (!(await repository.updateReplyBody(tx, reply.companyId, reply.id, body))) return;
        await auditReply(tx, by, "reply.updated", reply);
        recordReplyEvent(tx, reply, "reply.updated");
      });
      return rereadReply(db, found.viewer, input.id);
    },
  };
}

function filled(body: string): string {
  if (body.trim() === "") throw badUserInput("A reply says something.", { field: "body" });
  return body;
}
