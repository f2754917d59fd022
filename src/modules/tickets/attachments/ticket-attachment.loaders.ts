import type { Database } from "../../../platform/database/client.js";
import { threadAttachments } from "../../attachments/thread-attachment.loaders.js";
import { staffTenantsOf, tenantsOf } from "../../identity/viewer.js";
import { isOnReadable } from "./ticket-attachment.repository.js";

export type TicketAttachmentLoaders = ReturnType<typeof createTicketAttachmentLoaders>;

/** The attachments of tickets that the viewer may read, with those of the replies that the viewer may read. */
export const createTicketAttachmentLoaders = ({ db }: { readonly db: Database }) => ({
  ofTicket: threadAttachments(db, ({ viewer }) => {
    const tenants = tenantsOf(viewer);
    return { tenants, where: isOnReadable({ tenants, staffOf: staffTenantsOf(viewer) }) };
  }),
});
