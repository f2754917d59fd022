import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { Actor } from "../../identity/actor.types.js";
import type { ActorLoaders } from "../../identity/guests/actor.loaders.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";
import { uploaderOf } from "../uploader.js";
import { MediaFileVersion } from "./library.types.js";
import type { VersionService } from "./version.service.js";

@Resolver(() => MediaFileVersion)
export class MediaFileVersionResolver {
  constructor(
    private readonly users: UserLoaders,
    private readonly actors: ActorLoaders,
    private readonly urls: DownloadUrls,
    private readonly versions: VersionService,
  ) {}

  @Mutation(() => MediaFile, {
    description:
      "Makes the content of an earlier version the current one of its file: the file's id and usages stay, its URLs change, and the content that was current becomes the version with this id. For whoever may replace the file. A version with malware, or whose scan or bytes are missing, stays an earlier one. The id of a file that is current already changes nothing.",
  })
  makeVersionCurrent(
    @Arg("id", () => ID, { description: "The version's id." }) id: string,
    @Arg("sha256", () => String, {
      nullable: true,
      description:
        "SHA-256 of the version's content. With it a repeated request changes nothing; without it, it brings the former content back.",
    })
    sha256: string | null,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.versions.makeVersionCurrent(viewer, { id, sha256 });
  }

  @FieldResolver(() => String, {
    description: "Absolute URL of the file, signed for this viewer and valid for about an hour.",
  })
  url(@Root() version: MediaFileView, @Ctx() context: ViewerContext): string {
    return this.urls.mediaFile(context, version);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "The person who uploaded it; null if a guest or an API key did (see `uploader`).",
  })
  uploadedBy(@Root() version: MediaFileView, @Ctx() context: ViewerContext) {
    return version.uploaderId && this.users.byId(context).load(version.uploaderId);
  }

  @FieldResolver(() => Actor, {
    nullable: true,
    description: "Who uploaded it: a person, a guest or an API key.",
  })
  uploader(@Root() version: MediaFileView, @Ctx() context: ViewerContext) {
    return this.actors.author(context, uploaderOf(version));
  }
}
