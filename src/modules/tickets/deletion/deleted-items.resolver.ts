import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { AttachmentConnection } from "../../attachments/attachment.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { PostConnection } from "../posts/post.types.js";
import { ReplyConnection } from "../reply.types.js";
import type { ListedTicket } from "../ticket.repository.js";
import { Ticket } from "../ticket.types.js";
import type { DeletedItemLoaders } from "./deleted-items.loaders.js";

const FOR_STAFF = "the latest first, as long as they can be restored. For staff; empty for others.";

/** What was deleted on a ticket and can be restored. */
@Resolver(() => Ticket)
export class DeletedItemsResolver {
  constructor(private readonly deleted: DeletedItemLoaders) {}

  @FieldResolver(() => ReplyConnection, {
    description: `Its deleted replies (\`restoreReply\`), ${FOR_STAFF}`,
  })
  deletedReplies(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.deleted.replies(context, page).load(ticket.id);
  }

  @FieldResolver(() => PostConnection, {
    description: `Its deleted posts (\`restorePost\`), ${FOR_STAFF}`,
  })
  deletedPosts(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.deleted.posts(context, page).load(ticket.id);
  }

  @FieldResolver(() => AttachmentConnection, {
    description: `Deleted attachments of the ticket and its replies (\`restoreAttachment\`), without those of deleted replies, ${FOR_STAFF}`,
  })
  deletedAttachments(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.deleted.attachments(context, page).load(ticket.id);
  }
}
