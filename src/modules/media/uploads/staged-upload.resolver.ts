import { Arg, Ctx, Extensions, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import type { CompleteUploadService } from "./complete-upload.service.js";
import type { UploadPartState } from "./direct-parts.js";
import { StartUploadInput } from "./staged-upload.inputs.js";
import type { StagedUploadService } from "./staged-upload.service.js";
import { StagedUpload, UploadHeader, UploadPart } from "./staged-upload.types.js";
import { MOST_PARTS } from "./upload-parts.js";
import type { UploadRequests } from "./upload-requests.js";

/** How many open uploads a viewer usually has. */
const USUAL_UPLOADS = 10;

/** A request to the store. */
const COST_OF_PARTS = 20;
/** Of a signature: URLs are asked for one upload at a time, and not with a list of uploads. */
const COST_OF_URL = 10;

@Resolver(() => StagedUpload)
export class StagedUploadResolver {
  constructor(
    private readonly uploads: StagedUploadService,
    private readonly completions: CompleteUploadService,
    private readonly requests: UploadRequests,
  ) {}

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

  @Mutation(() => StagedUpload, {
    description:
      "Checks an upload whose bytes have all been sent, so that a mutation can take it: the last step of a direct upload. Only for its uploader.",
  })
  completeUpload(
    @Arg("id", () => ID, { description: "The upload's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.completions.completeUpload(viewer, id);
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
    nullable: true,
    description:
      "Where its bytes are sent: for RESUMABLE with the viewer's own `Authorization` header, for DIRECT without it, in one PUT; that URL is valid for an hour, and another one each time. Null if they are sent in `parts`, and when all of a direct upload has arrived.",
  })
  async url(@Root() upload: StagedUploadRow, @Ctx() { baseUrl }: ViewerContext) {
    return (await this.requests.of(upload, baseUrl)).url;
  }

  @FieldResolver(() => [UploadHeader], {
    description: "Headers to send to `url`, besides `Authorization`; a tus client sends its own by itself.",
  })
  @Extensions({ listSize: 2 })
  async headers(@Root() upload: StagedUploadRow, @Ctx() { baseUrl }: ViewerContext): Promise<UploadHeader[]> {
    const { headers } = await this.requests.of(upload, baseUrl);
    return Object.entries(headers).map(([name, value]) => ({ name, value }));
  }

  @FieldResolver(() => [UploadPart], {
    nullable: true,
    description:
      "The parts in which a direct upload of more than 64 MiB is sent, 100 at most, as the store has them now; null for all other uploads, and when its bytes have been put together.",
  })
  @Extensions({ listSize: MOST_PARTS, cost: COST_OF_PARTS })
  parts(@Root() upload: StagedUploadRow) {
    return this.requests.partsOf(upload);
  }
}

@Resolver(() => UploadPart)
export class UploadPartResolver {
  @FieldResolver(() => String, {
    description:
      "Where the part is sent with a PUT of exactly its bytes, without `Authorization`. The URL is valid for an hour, and another one each time.",
  })
  @Extensions({ cost: COST_OF_URL })
  url(@Root() part: UploadPartState) {
    return part.presign();
  }
}
