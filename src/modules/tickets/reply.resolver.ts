import { Arg, Args, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import { requestFiles } from "../../platform/graphql/request-files.js";
import { ID } from "../../platform/graphql/scalars.js";
import type { AttachmentLoaders } from "../attachments/attachment.loaders.js";
import { Attachment, AttachmentConnection } from "../attachments/attachment.types.js";
import type { UserLoaders } from "../identity/users/user.loaders.js";
import { User } from "../identity/users/user.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import type { AttachmentUploadService } from "./attachment-upload.service.js";
import { AddReplyInput, UpdateReplyInput, UploadReplyAttachmentsInput } from "./reply.inputs.js";
import type { ListedReply } from "./reply.repository.js";
import type { ReplyService } from "./reply.service.js";
import { Reply } from "./reply.types.js";
import type { ReplyDeletionService } from "./reply-deletion.service.js";
import type { TicketLoaders } from "./ticket.loaders.js";
import { Ticket } from "./ticket.types.js";

@Resolver(() => Reply)
export class ReplyResolver {
  constructor(
    private readonly replies: ReplyService,
    private readonly deletions: ReplyDeletionService,
    private readonly uploads: AttachmentUploadService,
    private readonly loaders: TicketLoaders,
    private readonly attachmentLoaders: AttachmentLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Mutation(() => Reply, {
    description:
      "Adds a reply to a ticket, with or without files; either everything is stored or nothing. For viewers who may read the ticket; internal replies for staff.",
  })
  addReply(
    @Arg("input", () => AddReplyInput, { description: "The reply." }) input: AddReplyInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.replies.addReply(context.viewer, input, requestFiles(input, context));
  }

  @Mutation(() => Reply, { description: "Changes the text of a reply. For its author." })
  updateReply(
    @Arg("input", () => UpdateReplyInput, { description: "The changes." }) input: UpdateReplyInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.replies.changeReply(viewer, input);
  }

  @Mutation(() => Reply, {
    description:
      "Deletes a reply with its files. It can be restored, by default for 14 days. For its author and managers.",
  })
  deleteReply(
    @Arg("id", () => ID, { description: "The reply's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.deleteReply(viewer, id);
  }

  @Mutation(() => Reply, {
    description:
      "Restores a deleted reply with the files that were deleted with it. For its author, if nobody else has deleted it, and managers.",
  })
  restoreReply(
    @Arg("id", () => ID, { description: "The reply's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.restoreReply(viewer, id);
  }

  @Mutation(() => [Attachment], {
    description: "Attaches files to a reply, either all or none. For its author and staff.",
  })
  uploadReplyAttachments(
    @Arg("input", () => UploadReplyAttachmentsInput, { description: "The files." })
    input: UploadReplyAttachmentsInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.uploadToReply(
      context.viewer,
      { replyId: input.replyId, description: input.description ?? null },
      requestFiles(input, context),
    );
  }

  @FieldResolver()
  body(@Root() reply: ListedReply, @Ctx() context: ViewerContext) {
    return reply.body ?? this.loaders.replyBodies(context).load(reply.id);
  }

  @FieldResolver(() => Ticket, { nullable: true, description: "The ticket that it belongs to." })
  ticket(@Root() reply: ListedReply, @Ctx() context: ViewerContext) {
    return this.loaders.byId(context).load(reply.ticketId);
  }

  @FieldResolver(() => User, { description: "Who wrote it." })
  author(@Root() reply: ListedReply, @Ctx() context: ViewerContext) {
    return this.users.byId(context).load(reply.authorId);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "Who deleted it; null if it is not deleted.",
  })
  deletedBy(@Root() reply: ListedReply, @Ctx() context: ViewerContext) {
    return reply.deletedBy && this.users.byId(context).load(reply.deletedBy);
  }

  @FieldResolver(() => AttachmentConnection, { description: "Its files, in the order of upload." })
  attachments(
    @Root() reply: ListedReply,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachmentLoaders.ofReply(context, page).load(reply.id);
  }
}
