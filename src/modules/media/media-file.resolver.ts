import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { Actor } from "../identity/actor.types.js";
import type { ActorLoaders } from "../identity/guests/actor.loaders.js";
import type { UserLoaders } from "../identity/users/user.loaders.js";
import { User } from "../identity/users/user.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import type { DownloadUrls } from "./download-urls.js";
import { FileKind, kindOf } from "./file-types.js";
import type { MediaFileView } from "./media-file.repository.js";
import { MediaFile } from "./media-file.types.js";
import { uploaderOf } from "./uploader.js";

@Resolver(() => MediaFile)
export class MediaFileResolver {
  constructor(
    private readonly users: UserLoaders,
    private readonly actors: ActorLoaders,
    private readonly urls: DownloadUrls,
  ) {}

  @FieldResolver(() => FileKind, { description: "Its kind." })
  kind(@Root() file: MediaFileView): FileKind {
    return kindOf(file.mimeType);
  }

  @FieldResolver(() => String, {
    description:
      "Absolute URL of the file, signed for this viewer and valid for about an hour. The original of an SVG image is not given out (403): use its variants.",
  })
  url(@Root() file: MediaFileView, @Ctx() context: ViewerContext): string {
    return this.urls.mediaFile(context, file);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "`url` with `Content-Disposition: inline`, for files that a browser displays, as in an <iframe> or a new tab: pictures, PDF, video, audio, plain text and CSV. Null for files that are served for download only.",
  })
  inlineUrl(@Root() file: MediaFileView, @Ctx() context: ViewerContext): string | null {
    return this.urls.mediaFileInline(context, file);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "The person who uploaded it; null if a guest or an API key did (see `uploader`).",
  })
  uploadedBy(@Root() file: MediaFileView, @Ctx() context: ViewerContext) {
    return file.uploaderId && this.users.byId(context).load(file.uploaderId);
  }

  @FieldResolver(() => Actor, {
    nullable: true,
    description: "Who uploaded it: a person, a guest or an API key.",
  })
  uploader(@Root() file: MediaFileView, @Ctx() context: ViewerContext) {
    return this.actors.author(context, uploaderOf(file));
  }
}
