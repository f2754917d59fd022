import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import { isStaffOf } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";

@Resolver(() => MediaFile)
export class MediaFileScanResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Name of the signature that the scanner detected; null if it detected nothing. For staff; null for others.",
  })
  scanResult(@Root() file: MediaFileView, @Ctx() { viewer }: ViewerContext): string | null {
    return isStaffOf(viewer, file.companyId) ? file.scanResult : null;
  }
}
