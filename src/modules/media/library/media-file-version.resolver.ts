import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { UserLoaders } from "../../identity/user.loaders.js";
import { User } from "../../identity/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFileVersion } from "./library.types.js";

@Resolver(() => MediaFileVersion)
export class MediaFileVersionResolver {
  constructor(
    private readonly users: UserLoaders,
    private readonly urls: DownloadUrls,
  ) {}

  @FieldResolver(() => String, {
    description: "Absolute URL of the bytes, signed for this viewer and good for about an hour.",
  })
  url(@Root() version: MediaFileView, @Ctx() context: ViewerContext): string {
    return this.urls.mediaFile(context, version);
  }

  @FieldResolver(() => User, { nullable: true, description: "Who uploaded it." })
  uploadedBy(@Root() version: MediaFileView, @Ctx() context: ViewerContext) {
    return version.uploaderId && this.users.byId(context).load(version.uploaderId);
  }
}
