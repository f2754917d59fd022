import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { Actor } from "../../identity/actor.types.js";
import type { ActorLoaders } from "../../identity/guests/actor.loaders.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import type { MediaFileView } from "../media-file.repository.js";
import { uploaderOf } from "../uploader.js";
import { MediaFileVersion } from "./library.types.js";

@Resolver(() => MediaFileVersion)
export class MediaFileVersionResolver {
  constructor(
    private readonly users: UserLoaders,
    private readonly actors: ActorLoaders,
    private readonly urls: DownloadUrls,
  ) {}

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
