import { and, eq, isNull, sql } from "drizzle-orm";
import { attachments } from "../../attachments/attachment.tables.js";
import type { ReplyScope } from "../reply.repository.js";
import { readable } from "../reply.repository.js";
import { replies } from "../reply.tables.js";

const itsReply = eq(replies.id, attachments.replyId);

/** Of attachments of a ticket and its replies those that hang on the ticket, or on a reply that the viewer may read. */
export const isOnReadable = (scope: ReplyScope) =>
  sql`(${attachments.replyId} is null or exists (select from ${replies} where ${and(itsReply, readable(scope))}))`;

/** Attachments that were deleted with their reply are left out: they come back with it. */
export const isNotOnDeleted = sql`(${attachments.replyId} is null or exists (
  select from ${replies} where ${and(itsReply, isNull(replies.deletedAt))}))`;
