import { Arg, Ctx, Extensions, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import { TUS_VERSION } from "../../../platform/http/tus/tus-headers.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { StartUploadInput } from "./staged-upload.inputs.js";
import type { StagedUploadService } from "./staged-upload.service.js";
import { StagedUpload, UploadHeader } from "./staged-upload.types.js";
import { uploadUrl } from "./upload-url.js";

/** How many open uploads a viewer usually has. */
const USUAL_UPLOADS = 10;

@Resolver(() => StagedUpload)
export class StagedUploadResolver {
  constructor(private readonly uploads: StagedUploadService) {}

  @Query(() => StagedUpload, {
    nullable: true,
    description: "An upload of the viewer's own; null if there is none with this id, or it has expired.",
  })
  stagedUpload(
    @Arg("id", () => ID, { description: "The upload's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.uploads.stagedUpload(viewer, id);
  }

  @Query(() => [StagedUpload], {
    description:
      "The viewer's own uploads that are still arriving or that a mutation may still take, the newest first: what a draft has kept. Their number is limited, by default to 50.",
  })
  @Extensions({ listSize: USUAL_UPLOADS })
  stagedUploads(@Ctx() { viewer }: ViewerContext) {
    return this.uploads.openUploads(viewer);
  }

  @Mutation(() => StagedUpload, {
    description:
      "Begins an upload apart from the mutation that will use it. For everybody who may do what it is begun for.",
  })
  startUpload(
    @Arg("input", () => StartUploadInput, { description: "The file, and what for." }) input: StartUploadInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    const { size = null, mimeType = null } = input;
    return this.uploads.startUpload(viewer, { ...input, size, mimeType });
  }

  @Mutation(() => StagedUpload, {
    description: "Cancels an upload that nothing has used, and removes its bytes. Only for its uploader.",
  })
  cancelUpload(
    @Arg("id", () => ID, { description: "The upload's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.uploads.cancelUpload(viewer, id);
  }

  @FieldResolver()
  fileName(@Root() { fileName, checked }: StagedUploadRow) {
    return checked?.fileName ?? fileName;
  }

  @FieldResolver()
  mimeType(@Root() { checked }: StagedUploadRow) {
    return checked?.blob.mimeType ?? null;
  }

  @FieldResolver()
  offset(@Root() { receivedBytes }: StagedUploadRow) {
    return receivedBytes;
  }

  @FieldResolver(() => String, {
    description: "Where its bytes are sent, with the viewer's own `Authorization` header.",
  })
  url(@Root() { id }: StagedUploadRow, @Ctx() { baseUrl }: ViewerContext) {
    return uploadUrl(baseUrl, id);
  }

  @FieldResolver(() => [UploadHeader], {
    description: "Headers to send to `url` besides `Authorization`; a tus client sends them by itself.",
  })
  @Extensions({ listSize: 1 })
  headers(): UploadHeader[] {
    return [{ name: "Tus-Resumable", value: TUS_VERSION }];
  }
}
