import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../identity/viewer.js";
import { MediaUsage } from "../media/library/media-usage.types.js";
import type { MediaUsageView } from "../media/media-usage.repository.js";
import type { AttachmentLoaders } from "./attachment.loaders.js";
import { Attachment } from "./attachment.types.js";

/** The attachment of a usage. */
@Resolver(() => MediaUsage)
export class AttachmentUsageResolver {
  constructor(private readonly loaders: AttachmentLoaders) {}

  @FieldResolver(() => Attachment, {
    nullable: true,
    description: "The attachment that uses it, if `resourceType` is `attachment`.",
  })
  attachment(@Root() usage: MediaUsageView, @Ctx() context: ViewerContext) {
    return usage.resourceType === "attachment" ? this.loaders.readable(context).load(usage.resourceId) : null;
  }
}
