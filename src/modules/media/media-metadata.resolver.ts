import { FieldResolver, Float, Resolver, Root } from "type-graphql";
import { SECOND_MS } from "../../kernel/clock.js";
import type { MediaFileView } from "./media-file.repository.js";
import { MediaFile } from "./media-file.types.js";
import { MediaMetadata } from "./media-metadata.types.js";
import type { FileMetadata } from "./metadata.js";

/** Metadata from the file itself. */
@Resolver(() => MediaFile)
export class MediaMetadataResolver {
  @FieldResolver(() => Float, {
    nullable: true,
    description: "Duration of a video or a recording in seconds; null for other files.",
  })
  duration(@Root() { durationMs }: MediaFileView): number | null {
    return durationMs === null ? null : durationMs / SECOND_MS;
  }

  @FieldResolver(() => MediaMetadata, {
    nullable: true,
    description: "Metadata from the file itself; null if there is none.",
  })
  metadata(@Root() { metadata }: MediaFileView): FileMetadata | null {
    return Object.keys(metadata).length === 0 ? null : metadata;
  }
}
