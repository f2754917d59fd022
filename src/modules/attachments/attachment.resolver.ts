import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { Actor } from "../identity/actor.types.js";
import type { ActorLoaders } from "../identity/guests/actor.loaders.js";
import type { UserLoaders } from "../identity/users/user.loaders.js";
import { User } from "../identity/users/user.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import type { DownloadUrls } from "../media/download-urls.js";
import type { MediaFileLoaders } from "../media/media-file.loaders.js";
import { MediaFile } from "../media/media-file.types.js";
import { uploaderOf } from "../media/uploader.js";
import { UpdateAttachmentInput } from "./attachment.inputs.js";
import type { AttachmentView } from "./attachment.repository.js";
import type { AttachmentService } from "./attachment.service.js";
import { Attachment } from "./attachment.types.js";
import type { AttachmentDeletionService } from "./attachment-deletion.service.js";

/** A guest deletes only its own. */
const deleterOf = ({ deletedBy, uploaderGuestId }: AttachmentView) =>
  deletedBy !== null && deletedBy === uploaderGuestId
    ? { userId: null, guestId: deletedBy }
    : { userId: deletedBy, guestId: null };

@Resolver(() => Attachment)
export class AttachmentResolver {
  constructor(
    private readonly attachments: AttachmentService,
    private readonly deletions: AttachmentDeletionService,
    private readonly users: UserLoaders,
    private readonly actors: ActorLoaders,
    private readonly mediaFiles: MediaFileLoaders,
    private readonly urls: DownloadUrls,
  ) {}

  @Query(() => Attachment, {
    nullable: true,
    description: "One attachment; null if it does not exist, is deleted, or is not visible to the viewer.",
  })
  attachment(
    @Arg("id", () => ID, { description: "The attachment's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.attachments.attachment(viewer, id);
  }

  @Mutation(() => Attachment, {
    description:
      "Changes the description of an attachment. For its uploader and staff; on a chat message only for its uploader.",
  })
  updateAttachment(
    @Arg("input", () => UpdateAttachmentInput, { description: "The changes." })
    input: UpdateAttachmentInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.attachments.describeAttachment(viewer, input);
  }

  @Mutation(() => Attachment, {
    description:
      "Deletes an attachment: it is removed from all lists and its URL answers 410. It can be restored, by default for 14 days. For its uploader and the managers of the company; on a chat message only for its uploader.",
  })
  deleteAttachment(
    @Arg("id", () => ID, { description: "The attachment's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.deleteAttachment(viewer, id);
  }

  @Mutation(() => Attachment, {
    description:
      "Restores a deleted attachment. For whoever deleted it, if it is their own, and the managers of the company; on a chat message only for its uploader.",
  })
  restoreAttachment(
    @Arg("id", () => ID, { description: "The attachment's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.restoreAttachment(viewer, id);
  }

  @FieldResolver(() => String, {
    description: "Absolute URL of the file, signed for this viewer and valid for about an hour.",
  })
  url(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext): string {
    return this.urls.attachment(context, attachment);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "`url` with `Content-Disposition: inline`, for files that a browser displays, as in an <iframe> or a new tab: pictures, PDF, video, audio, plain text and CSV. Null for files that are served for download only.",
  })
  inlineUrl(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext): string | null {
    return this.urls.attachmentInline(context, attachment);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "The person who uploaded it; null if a guest did (see `uploader`).",
  })
  uploadedBy(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return attachment.uploaderId && this.users.byId(context).load(attachment.uploaderId);
  }

  @FieldResolver(() => Actor, { nullable: true, description: "Who uploaded it, a person or a guest." })
  uploader(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return this.actors.author(context, uploaderOf(attachment));
  }

  @FieldResolver(() => Actor, {
    nullable: true,
    description: "Who deleted it, a person or a guest; null if it is not deleted.",
  })
  deletedBy(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return this.actors.author(context, deleterOf(attachment));
  }

  @FieldResolver(() => MediaFile, { nullable: true, description: "The media file of the attachment." })
  mediaFile(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return this.mediaFiles.beneath(context).load(attachment);
  }
}
