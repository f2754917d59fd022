import type { MultipartRef } from "../../../platform/storage/multipart-uploads.js";
import { onlySegmentKey } from "../../../platform/storage/segments.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { StagedUploadRow } from "./staged-upload.tables.js";

type Begun = Pick<StagedUploadRow, "id" | "multipart">;

/** The store's multipart upload as which an upload arrives; null if it does not. */
export const multipartOf = ({ id, multipart }: Begun): MultipartRef | null =>
  multipart && { key: onlySegmentKey(id), uploadId: multipart.uploadId };

/** Removes the parts of an upload that will not be completed. Idempotent. */
export async function abortParts(storage: Pick<Storage, "multipart">, upload: Begun): Promise<void> {
  const multipart = multipartOf(upload);
  if (multipart !== null) await storage.multipart?.abort(multipart);
}
