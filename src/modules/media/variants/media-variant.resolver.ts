import { Arg, Ctx, Extensions, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";
import type { VariantService } from "./variant.service.js";
import { MediaVariant } from "./variant.types.js";

/** The variants of a file. */
@Resolver(() => MediaFile)
export class MediaVariantResolver {
  constructor(private readonly service: VariantService) {}

  // No bucket has more.
  @Extensions({ listSize: 3 })
  @FieldResolver(() => [MediaVariant], {
    description:
      "Variants that are rendered, the largest first; `variantsStatus` tells whether more will follow.",
  })
  variants(@Root() file: MediaFileView, @Ctx() context: ViewerContext) {
    return this.service.variants(context, file);
  }

  @FieldResolver(() => MediaVariant, {
    nullable: true,
    description: "One variant; null until it is rendered, and if the file's bucket does not have it.",
  })
  variant(
    @Root() file: MediaFileView,
    @Arg("name", () => String, {
      description:
        "large, medium, thumbnail, 64x64, logo, logo-thumbnail or favicon; other names fail with BAD_USER_INPUT.",
    })
    name: string,
    @Ctx() context: ViewerContext,
  ) {
    return this.service.variant(context, file, name);
  }
}
