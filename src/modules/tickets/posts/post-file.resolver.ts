import { Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import type { MediaFileLoaders } from "../../media/media-file.loaders.js";
import { MediaFile } from "../../media/media-file.types.js";
import { isKnownTo } from "../../media/unscanned.js";
import type { PostLoaders } from "./post.loaders.js";
import { MAX_SERIES_PHOTOS } from "./post.service.js";
import type { PostFileRow, PostRow } from "./post.tables.js";
import { Photo, PhotoSeries, SeriesPhoto, VideoClip } from "./post.types.js";

/** Null for a file that was deleted while its post was not, and for one that is not scanned yet and not the viewer's. */
async function liveFile(mediaFiles: MediaFileLoaders, context: ViewerContext, id: string | undefined) {
  const file = id === undefined ? null : await mediaFiles.byId(context).load(id);
  return file?.deletedAt === null && isKnownTo(context.viewer, file) ? file : null;
}

@Resolver(() => Photo)
export class PhotoResolver {
  constructor(
    private readonly posts: PostLoaders,
    private readonly mediaFiles: MediaFileLoaders,
  ) {}

  @FieldResolver(() => MediaFile, {
    nullable: true,
    description: "The photo; null if it has been deleted, or is not scanned yet and not the viewer's to see.",
  })
  async file(@Root() post: PostRow, @Ctx() context: ViewerContext) {
    const [file] = await this.posts.files(context).load(post.id);
    return liveFile(this.mediaFiles, context, file?.mediaFileId);
  }
}

@Resolver(() => VideoClip)
export class VideoClipResolver {
  constructor(
    private readonly posts: PostLoaders,
    private readonly mediaFiles: MediaFileLoaders,
  ) {}

  @FieldResolver(() => MediaFile, {
    nullable: true,
    description:
      "The video; null if it has been deleted, or is not scanned yet and not the viewer's to see. Its variants are those of its poster image.",
  })
  async file(@Root() post: PostRow, @Ctx() context: ViewerContext) {
    const [file] = await this.posts.files(context).load(post.id);
    return liveFile(this.mediaFiles, context, file?.mediaFileId);
  }
}

@Resolver(() => PhotoSeries)
export class PhotoSeriesPhotosResolver {
  constructor(private readonly posts: PostLoaders) {}

  @FieldResolver(() => [SeriesPhoto], {
    description: `Its photos in their order, at most ${MAX_SERIES_PHOTOS}.`,
  })
  photos(@Root() post: PostRow, @Ctx() context: ViewerContext) {
    return this.posts.files(context).load(post.id);
  }

  @FieldResolver(() => Int, { description: "Number of its photos." })
  async totalImages(@Root() post: PostRow, @Ctx() context: ViewerContext): Promise<number> {
    return (await this.posts.files(context).load(post.id)).length;
  }
}

@Resolver(() => SeriesPhoto)
export class SeriesPhotoResolver {
  constructor(private readonly mediaFiles: MediaFileLoaders) {}

  @FieldResolver(() => Int, { description: "Position in the series, counted from 0 without gaps." })
  position(@Root() photo: PostFileRow): number {
    return photo.orderIndex;
  }

  @FieldResolver(() => MediaFile, {
    nullable: true,
    description: "The photo; null if it has been deleted, or is not scanned yet and not the viewer's to see.",
  })
  file(@Root() photo: PostFileRow, @Ctx() context: ViewerContext) {
    return liveFile(this.mediaFiles, context, photo.mediaFileId);
  }
}
