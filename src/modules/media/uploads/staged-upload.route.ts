import type { FastifyInstance, FastifyRequest } from "fastify";
import { badUserInput } from "../../../kernel/errors.js";
import { normalizeId } from "../../../kernel/ids.js";
import { isLine, singleLine } from "../../../kernel/text.js";
import type { NewResumableUpload } from "../../../platform/http/tus/resumable-uploads.js";
import { registerTusRoutes } from "../../../platform/http/tus/tus.route.js";
import type { Viewer } from "../../identity/viewer.js";
import { Bucket } from "../buckets.js";
import type { ResumableUploadService } from "./resumable-upload.service.js";
import type { NewUpload, StagedUploadService } from "./staged-upload.service.js";
import { TARGET_IDS } from "./upload-targets.js";
import { UPLOADS_PATH, uploadUrl } from "./upload-url.js";

export interface StagedUploadRouteDeps {
  readonly stagedUploads: StagedUploadService;
  readonly resumableUploads: ResumableUploadService;
  readonly viewers: { ofRequest(request: FastifyRequest): Promise<Viewer> };
  /** The base of absolute URLs, without a trailing slash. */
  baseUrlOf(request: FastifyRequest): string;
}

/**
 * `POST /uploads`, `HEAD`, `PATCH` and `DELETE /uploads/{id}`: the bytes of staged uploads over tus. An upload that a
 * tus client creates itself is the same as one of `startUpload`, whose input is in its `Upload-Metadata`.
 */
export function registerStagedUploadRoutes(
  app: FastifyInstance,
  { stagedUploads, resumableUploads, viewers, baseUrlOf }: StagedUploadRouteDeps,
): Promise<void> {
  return registerTusRoutes(app, {
    path: UPLOADS_PATH,
    uploads: {
      maxBytes: resumableUploads.maxBytes,
      async create(request, upload) {
        const viewer = await viewers.ofRequest(request);
        const created = await stagedUploads.startUpload(viewer, newUpload(upload));
        const { id, size, expiresAt, tusMetadata } = created;
        return { id, size, expiresAt, metadata: tusMetadata, offset: 0 };
      },
      find: async (request, id) => resumableUploads.find(await viewers.ofRequest(request), id),
      append: async (request, id, bytes) =>
        resumableUploads.append(await viewers.ofRequest(request), id, bytes),
      async remove(request, id) {
        await stagedUploads.cancelUpload(await viewers.ofRequest(request), id);
      },
      urlOf: (request, id) => uploadUrl(baseUrlOf(request), id),
    },
  });
}

/** As in `startUpload`. */
const MAX_NAME_LENGTH = 255;

/** The names that tus clients give to the file's name and type: tus-js-client's and Uppy's. */
const NAMES = { fileName: ["fileName", "filename", "name"], mimeType: ["mimeType", "filetype", "type"] };

/** @throws BAD_USER_INPUT */
function newUpload({ size, metadata, metadataText }: NewResumableUpload): NewUpload {
  const read = (names: readonly string[]) => names.map((name) => metadata.get(name)).find(Boolean) ?? null;
  const bucket = metadata.get("bucket") ?? "";
  if (!Object.hasOwn(Bucket, bucket))
    throw badUserInput(
      "Begin the upload with `startUpload` and continue at its `url`, or send its input in `Upload-Metadata`: `bucket`, `filename`, and the id of what the file is for.",
      { field: "bucket", allowed: Object.keys(Bucket) },
    );
  const fileName = singleLine(read(NAMES.fileName) ?? "");
  if (!isLine(fileName, MAX_NAME_LENGTH))
    throw badUserInput(
      `Send the file's name as \`filename\`: one line of up to ${MAX_NAME_LENGTH} characters, one of them visible.`,
      { field: "filename" },
    );
  const ids = TARGET_IDS.map((name) => {
    const id = metadata.get(name);
    return [name, id ? normalizeId(id) : null] as const;
  });
  return {
    ...Object.fromEntries(ids),
    bucket: bucket as Bucket,
    fileName,
    mimeType: read(NAMES.mimeType),
    size,
    tusMetadata: metadataText,
  };
}
