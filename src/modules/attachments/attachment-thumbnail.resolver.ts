import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import { Attachment } from "./attachment.types.js";
import type { AttachmentThumbnails } from "./thumbnail-url.js";

/** The thumbnail of an attachment. */
@Resolver(() => Attachment)
export class AttachmentThumbnailResolver {
  constructor(private readonly thumbnails: AttachmentThumbnails) {}

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Absolute URL of its thumbnail (200 pixels), signed for this viewer; null until the thumbnail is rendered, and for files without a picture.",
  })
  thumbnailUrl(@Root() attachment: AttachmentView, @Ctx() context: ViewerContext) {
    return this.thumbnails.urlOf(context, attachment);
  }
}
