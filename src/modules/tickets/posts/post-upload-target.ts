import type { AuthorizeUpload } from "../../media/uploads/upload-targets.js";
import { requireTicket } from "../find-ticket.js";
import type { TicketQuota } from "../ticket-quota.repository.js";
import { findPostLoad } from "./post-file.repository.js";
import { refuseOverPostQuota } from "./post-items.js";

/**
 * Whoever may post on a ticket's timeline may upload for it.
 *
 * @param quota for all posts of a ticket together
 */
export const createPostUploadTarget =
  (quota: TicketQuota): AuthorizeUpload =>
  async (db, viewer, { id, size }) => {
    const { viewer: by, ticket } = await requireTicket(db, viewer, id, "attach");
    const { companyId } = ticket;
    refuseOverPostQuota(await findPostLoad(db, companyId, ticket.id), quota, { files: 1, bytes: size });
    return { viewer: by, companyId };
  };
