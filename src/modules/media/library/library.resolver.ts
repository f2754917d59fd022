import { Arg, Args, Ctx, Extensions, Mutation, Query, Resolver } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { requestFile } from "../../../platform/graphql/request-files.js";
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
    description:
      "One file; null if it does not exist, is deleted or expired, or is not visible to the viewer.",
  })
  mediaFile(@Arg("id", () => ID, FILE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.library.mediaFile(viewer, id);
  }

  @Query(() => MediaFileConnection, {
    description:
      "A company's files. For its staff, and API keys with `READ`, which see none of tickets, conversations and people.",
  })
  mediaFiles(
    @Arg("companyId", () => ID, { description: "The company." }) companyId: string,
    @Arg("filter", () => MediaFileFilterInput, { nullable: true, description: "Restricts the list." })
    filter: MediaFileFilterInput | null,
    @Arg("orderBy", () => MediaFileOrder, { defaultValue: "NEWEST", description: "Order of the list." })
    order: keyof typeof MediaFileOrder,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.library.listMediaFiles(viewer, { companyId, filter: filter ?? {}, order, page });
  }

  @Query(() => MediaFileConnection, {
    description:
      "A company's orphans (files without any usage), the oldest first. For its managers, and API keys with `MANAGE`.",
  })
  orphanedMediaFiles(
    @Args(() => OrphanedMediaFilesArgs) args: OrphanedMediaFilesArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.orphans.listOrphans(viewer, args, args);
  }

  @Mutation(() => MediaFile, {
    description: "Uploads a file to a company's library. For its staff, and API keys with `UPLOAD`.",
  })
  uploadMedia(
    @Arg("input", () => UploadMediaInput, { description: "The file." }) input: UploadMediaInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.uploadMedia(context.viewer, input, requestFile(input, context));
  }

  @Mutation(() => MediaFile, {
    description:
      "Changes a file's name or when it expires. For its uploader and managers, and API keys with `MANAGE`.",
  })
  updateMediaFile(
    @Arg("input", () => UpdateMediaFileInput, { description: "The changes." })
    input: UpdateMediaFileInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.changes.changeMediaFile(viewer, input);
  }

  @Mutation(() => MediaFile, {
    description:
      "Replaces the content of a file: its id and usages stay, its URLs change, and the old content becomes an earlier version. For its uploader and managers; an attached file only for the person who attached it and administrators, and on a chat message only for this person. API keys with `MANAGE` replace files of the library.",
  })
  replaceMediaFile(
    @Arg("input", () => ReplaceMediaFileInput, { description: "The file and its new content." })
    input: ReplaceMediaFileInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.replaceMediaFile(context.viewer, input, requestFile(input, context));
  }

  @Mutation(() => MediaFile, {
    description:
      "Deletes a file without usages (a file in use fails with CONFLICT): it is removed from all lists and its URL answers 410. It can be restored, by default for 14 days. For its uploader and managers, and API keys with `MANAGE`.",
  })
  deleteMediaFile(@Arg("id", () => ID, FILE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.changes.deleteMediaFile(viewer, id);
  }

  @Mutation(() => MediaFile, {
    description: "Restores a deleted file. For its uploader and managers, and API keys with `MANAGE`.",
  })
  restoreMediaFile(@Arg("id", () => ID, FILE_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.changes.restoreMediaFile(viewer, id);
  }

  @Extensions({ cost: 450 })
  @Mutation(() => PurgeReport, {
    description:
      "Removes a company's orphans (files without any usage) for good, or only reports which would be removed. For its managers, and API keys with `MANAGE`.",
  })
  purgeOrphanedMedia(
    @Arg("input", () => PurgeOrphanedMediaInput, { description: "Which orphans to remove." })
    input: PurgeOrphanedMediaInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.orphans.purgeOrphans(viewer, input);
  }
}
