import { Arg, Args, Ctx, Extensions, Mutation, Query, Resolver } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { incomingFiles } from "../../../platform/graphql/incoming.js";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { MediaFile } from "../media-file.types.js";
import {
  MediaFileFilterInput,
  OrphanedMediaFilesArgs,
  PurgeOrphanedMediaInput,
  ReplaceMediaFileInput,
  UpdateMediaFileInput,
  UploadMediaInput,
} from "./library.inputs.js";
import type { LibraryService } from "./library.service.js";
import { MediaFileConnection, MediaFileOrder, PurgeReport } from "./library.types.js";
import type { MediaFileChangeService } from "./media-file-change.service.js";
import type { MediaUploadService } from "./media-upload.service.js";
import type { OrphanService } from "./orphan.service.js";

const FILE_ID = { description: "The file's id." };

@Resolver(() => MediaFile)
export class LibraryResolver {
  constructor(
    private readonly library: LibraryService,
    private readonly uploads: MediaUploadService,
    private readonly changes: MediaFileChangeService,
    private readonly orphans: OrphanService,
  ) {}

  @Query(() => MediaFile, {
    nullable: true,
    description: "One file; null when it does not exist, is deleted or expired, or is not for you.",
  })
  mediaFile(@Arg("id", () => ID, FILE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.library.mediaFile(viewer, id);
  }

  @Query(() => MediaFileConnection, { description: "A company's files. For its staff." })
  mediaFiles(
    @Arg("companyId", () => ID, { description: "The company." }) companyId: string,
    @Arg("filter", () => MediaFileFilterInput, { nullable: true, description: "Which of them." })
    filter: MediaFileFilterInput | null,
    @Arg("orderBy", () => MediaFileOrder, { defaultValue: "NEWEST", description: "In which order." })
    order: keyof typeof MediaFileOrder,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.library.listMediaFiles(viewer, { companyId, filter: filter ?? {}, order, page });
  }

  @Query(() => MediaFileConnection, {
    description: "A company's files that nothing uses, the oldest first. For its managers.",
  })
  orphanedMediaFiles(
    @Args(() => OrphanedMediaFilesArgs) args: OrphanedMediaFilesArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.orphans.listOrphans(viewer, args, args);
  }

  @Mutation(() => MediaFile, { description: "Puts a file into a company's library. For its staff." })
  uploadMedia(
    @Arg("input", () => UploadMediaInput, { description: "The file." }) input: UploadMediaInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.uploadMedia(context.viewer, input, incomingFiles([input.file], context));
  }

  @Mutation(() => MediaFile, {
    description: "Changes a file's name or when it expires. For its uploader and managers.",
  })
  updateMediaFile(
    @Arg("input", () => UpdateMediaFileInput, { description: "What to change." })
    input: UpdateMediaFileInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.changes.changeMediaFile(viewer, input);
  }

  @Mutation(() => MediaFile, {
    description:
      "Gives a file a new content: its id and its usages stay, its URLs name the new content, and the old content becomes an earlier version. For its uploader and managers; what somebody has attached, nobody but they and administrators replace, and what is attached to a message, they alone.",
  })
  replaceMediaFile(
    @Arg("input", () => ReplaceMediaFileInput, { description: "Which file, and by what." })
    input: ReplaceMediaFileInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.replaceMediaFile(context.viewer, input.id, incomingFiles([input.file], context));
  }

  @Mutation(() => MediaFile, {
    description:
      "Deletes a file that nothing uses, CONFLICT otherwise: it leaves every list and its URL answers 410, but for 14 days it can be restored. For its uploader and managers.",
  })
  deleteMediaFile(@Arg("id", () => ID, FILE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.changes.deleteMediaFile(viewer, id);
  }

  @Mutation(() => MediaFile, { description: "Brings a deleted file back. For its uploader and managers." })
  restoreMediaFile(@Arg("id", () => ID, FILE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.changes.restoreMediaFile(viewer, id);
  }

  @Extensions({ cost: 450 })
  @Mutation(() => PurgeReport, {
    description: "Removes a company's orphaned files for good, or says which it would. For its managers.",
  })
  purgeOrphanedMedia(
    @Arg("input", () => PurgeOrphanedMediaInput, { description: "Which of them." })
    input: PurgeOrphanedMediaInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.orphans.purgeOrphans(viewer, input);
  }
}
