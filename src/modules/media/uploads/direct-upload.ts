import { HOUR_MS, SECOND_MS } from "../../../kernel/clock.js";
import { badUserInput, FiledeskError } from "../../../kernel/errors.js";
import { directKey, onlySegmentKey } from "../../../platform/storage/segment-staging.js";
import type { PresignedPut, PresignedPutOptions, Storage } from "../../../platform/storage/storage.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { takeParts } from "./direct-parts.js";
import { noDirectUploads } from "./staged-upload.errors.js";
import type { UploadLease } from "./upload-lease.js";
import { MAX_DIRECT_BYTES } from "./upload-parts.js";

const URL_MS = HOUR_MS;

type Direct = Pick<Storage, "presignPut" | "multipart" | "stat" | "copy" | "delete">;

/** The URL to which a client sends the bytes itself; signed anew whenever it is asked for, and valid for an hour. */
export async function presignUpload(
  storage: Pick<Storage, "presignPut">,
  { id, size, mimeType }: Pick<StagedUploadRow, "id" | "size" | "mimeType">,
  { hasBegun = true }: Pick<PresignedPutOptions, "hasBegun"> = {},
): Promise<PresignedPut> {
  const put = await storage.presignPut(directKey(id), {
    expiresInSeconds: URL_MS / SECOND_MS,
    hasBegun,
    ...(size !== null && { size }),
    ...(mimeType !== null && { contentType: mimeType }),
  });
  if (put === null) throw noDirectUploads();
  return put;
}

/** @throws BAD_USER_INPUT if the storage cannot be reached by clients, or without a size that it can take from them */
export async function refuseIndirect(
  { storage }: { readonly storage: Pick<Storage, "presignPut"> },
  size: number | null,
): Promise<void> {
  await presignUpload(storage, { id: "probe", size, mimeType: null }, { hasBegun: false });
  if (size === null || size > MAX_DIRECT_BYTES)
    throw badUserInput("A direct upload states its size at the beginning, up to 500 GiB.", {
      field: "size",
      limit: MAX_DIRECT_BYTES,
    });
}

/**
 * Takes what a client has written over into the staging area, where the client cannot change it any more while it is
 * checked.
 *
 * @throws UPLOAD_INCOMPLETE if it is not there
 */
export async function takeDirectBytes(storage: Direct, lease: UploadLease): Promise<void> {
  const { upload, write } = lease;
  if (upload.multipart === null) await copyFromClient(storage, upload);
  else await takeParts(storage, lease);
  await write({ receivedBytes: upload.size ?? 0, status: "CHECKING" });
  await storage.delete([directKey(upload.id)]);
}

/** The URL of the client's object is still valid: only a copy of it stays as it is. */
async function copyFromClient(storage: Direct, { id, size }: StagedUploadRow): Promise<void> {
  const found = await storage.stat(directKey(id));
  if (found === null || size === null || found.size !== size)
    throw new FiledeskError(
      "UPLOAD_INCOMPLETE",
      `The bytes of this upload have not arrived: send ${size ?? "them"} in one PUT to its \`url\`.`,
      { stagedUploadId: id, actual: found?.size ?? 0, limit: size },
    );
  await storage.copy(directKey(id), onlySegmentKey(id));
  const copied = await storage.stat(onlySegmentKey(id));
  if (copied?.size !== size)
    throw new FiledeskError("UPLOAD_INCOMPLETE", "The bytes have changed meanwhile: send them again.");
}
