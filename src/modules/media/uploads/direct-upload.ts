import { badUserInput } from "../../../kernel/errors.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { noDirectUploads } from "./staged-upload.errors.js";
import { MAX_DIRECT_BYTES } from "./upload-parts.js";

/** @throws BAD_USER_INPUT if the storage cannot be reached by clients, or without a size that it can take from them */
export function refuseIndirect(
  { multipart }: Pick<Storage, "multipart">,
  size: number | null,
): asserts size is number {
  if (multipart === null || multipart.isEnding) throw noDirectUploads();
  if (size === null || size > MAX_DIRECT_BYTES)
    throw badUserInput("A direct upload states its size at the beginning, up to 500 GiB.", {
      field: "size",
      limit: MAX_DIRECT_BYTES,
    });
}
