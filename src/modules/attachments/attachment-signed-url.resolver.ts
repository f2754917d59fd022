import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../identity/viewer.js";
import { SIGNED_URL, SignedUrl, SignedUrlArgs } from "../media/downloads/signed-url.types.js";
import type { SignedUrls } from "../media/downloads/signed-urls.js";
import type { AttachmentView } from "./attachment.repository.js";
import { Attachment } from "./attachment.types.js";

@Resolver(() => Attachment)
export class AttachmentSignedUrlResolver {
  constructor(private readonly urls: SignedUrls) {}

  @FieldResolver(() => SignedUrl, SIGNED_URL)
  signedUrl(
    @Root() attachment: AttachmentView,
    @Args(() => SignedUrlArgs) wish: SignedUrlArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.urls.attachment(context, attachment, wish);
  }
}
