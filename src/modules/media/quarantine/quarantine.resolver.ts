import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { MediaFile } from "../media-file.types.js";
import type { QuarantineService } from "./quarantine.service.js";

@Resolver(() => MediaFile)
export class QuarantineResolver {
  constructor(private readonly quarantine: QuarantineService) {}

  @Mutation(() => MediaFile, {
    description:
      "Releases a file from quarantine, with all files of the company that have the same bytes: they can be downloaded again, and the detected signature does not count against them any more. A file that is not in quarantine fails with CONFLICT. For managers.",
  })
  releaseQuarantined(
    @Arg("id", () => ID, { description: "The file's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.quarantine.releaseQuarantined(viewer, id);
  }

  @Mutation(() => MediaFile, {
    description:
      "Destroys the stored bytes of a file in quarantine, and its variants, for all files of the company that have the same bytes. This cannot be undone. The files remain in their lists as `QUARANTINED`, with the integrity `DESTROYED`, until they are deleted; equal bytes are refused as before. A file that is not in quarantine, or is destroyed already, fails with CONFLICT. For managers.",
  })
  destroyQuarantined(
    @Arg("id", () => ID, { description: "The file's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.quarantine.destroyQuarantined(viewer, id);
  }
}
