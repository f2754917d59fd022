import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../identity/viewer.js";
import { isStaffOf } from "../identity/viewer.js";
import type { AttachmentView } from "./attachment.repository.js";
import { Attachment } from "./attachment.types.js";

@Resolver(() => Attachment)
export class AttachmentScanResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Name of the signature that the scanner detected; null if it detected nothing. For staff; null for others.",
  })
  scanResult(@Root() attachment: AttachmentView, @Ctx() { viewer }: ViewerContext): string | null {
    return isStaffOf(viewer, attachment.companyId) ? attachment.scanResult : null;
  }
}
