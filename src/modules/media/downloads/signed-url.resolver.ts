import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";
import type { ShownVariant } from "../variants/variant.service.js";
import { MediaVariant } from "../variants/variant.types.js";
import { SIGNED_URL, SignedUrl, SignedUrlArgs } from "./signed-url.types.js";
import type { SignedUrls } from "./signed-urls.js";

@Resolver(() => MediaFile)
export class MediaFileSignedUrlResolver {
  constructor(private readonly urls: SignedUrls) {}

  @FieldResolver(() => SignedUrl, SIGNED_URL)
  signedUrl(
    @Root() file: MediaFileView,
    @Args(() => SignedUrlArgs) wish: SignedUrlArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.urls.mediaFile(context, file, wish);
  }
}

@Resolver(() => MediaVariant)
export class MediaVariantSignedUrlResolver {
  constructor(private readonly urls: SignedUrls) {}

  @FieldResolver(() => SignedUrl, SIGNED_URL)
  signedUrl(
    @Root() variant: ShownVariant,
    @Args(() => SignedUrlArgs) wish: SignedUrlArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.urls.mediaFileVariant(context, variant, wish);
  }
}
