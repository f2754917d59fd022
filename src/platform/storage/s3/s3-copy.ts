import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { CopyObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { MIB } from "../../../kernel/bytes.js";
import { ObjectNotFound } from "../storage.js";
import { isNoSuchKey } from "./s3-faults.js";
import { headObject } from "./s3-reading.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";
import { uploadInParts } from "./s3-upload.js";
import { withRetries } from "./with-retries.js";

/** S3 copies up to 5 GiB by one request; less, so that no request takes long. */
const ONE_COPY_BYTES = 1024 * MIB;
const PART_BYTES = 512 * MIB;

/** An object of a store, or what will be one. */
export interface ObjectPlace {
  readonly store: S3Store;
  readonly key: string;
}

export interface CopyLimits {
  readonly oneCopyBytes: number;
  readonly partBytes: number;
}

/**
 * Copies an object within a bucket, without its bytes passing here. @throws ObjectNotFound
 *
 * @param limits how much one request copies
 */
export async function copyObject(
  from: ObjectPlace,
  to: ObjectPlace,
  limits: CopyLimits = { oneCopyBytes: ONE_COPY_BYTES, partBytes: PART_BYTES },
): Promise<void> {
  const found = await headObject(from.store, from.key);
  if (found === null) throw new ObjectNotFound(from.key);
  if (from.store.prefix + from.key === to.store.prefix + to.key) return;
  try {
    if ((found.ContentLength ?? 0) <= limits.oneCopyBytes) await copyWhole(from, to, found);
    else await copyInParts(from, to, found, limits.partBytes);
  } catch (error) {
    throw isNoSuchKey(error) ? new ObjectNotFound(from.key) : error;
  }
}

const sourceOf = ({ store, key }: ObjectPlace, { ETag }: HeadObjectCommandOutput) => ({
  CopySource: `${store.bucket}/${store.prefix}${key}`,
  ...(ETag !== undefined && { CopySourceIfMatch: ETag }),
});

async function copyWhole(from: ObjectPlace, to: ObjectPlace, found: HeadObjectCommandOutput): Promise<void> {
  const { store, key } = to;
  await withRetries(
    store,
    `copy ${from.key}`,
    ({ signal }) =>
      store.client.send(
        new CopyObjectCommand({ ...objectOf(store, key), ...store.written, ...sourceOf(from, found) }),
        { abortSignal: signal },
      ),
    { timeoutMs: store.timeouts.copyMs, expected: isNoSuchKey },
  );
}

async function copyInParts(
  from: ObjectPlace,
  to: ObjectPlace,
  found: HeadObjectCommandOutput,
  partBytes: number,
): Promise<void> {
  const { store, key } = to;
  const size = found.ContentLength ?? 0;
  await uploadInParts(store, key, found.Metadata ?? {}, async ({ uploadId: UploadId, add }) => {
    for (let start = 0; start < size; start += partBytes) {
      const range = `bytes=${start}-${Math.min(start + partBytes, size) - 1}`;
      await add((PartNumber) =>
        withRetries(
          store,
          `copy part ${PartNumber} of ${from.key}`,
          async ({ signal }) => {
            const part = { ...sourceOf(from, found), CopySourceRange: range, UploadId, PartNumber };
            const copy = new UploadPartCopyCommand({ ...objectOf(store, key), ...part });
            const { CopyPartResult } = await store.client.send(copy, { abortSignal: signal });
            return CopyPartResult?.ETag ?? "";
          },
          { timeoutMs: store.timeouts.copyMs, expected: isNoSuchKey },
        ),
      );
    }
  });
}
