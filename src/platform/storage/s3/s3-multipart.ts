import { ListPartsCommand } from "@aws-sdk/client-s3";
import { assertKey } from "../key.js";
import type { MultipartRef, MultipartUploads, StoredPart } from "../multipart-uploads.js";
import { PartsChanged } from "../multipart-uploads.js";
import { isNamed, storageFault } from "./s3-faults.js";
import { createPartSigner } from "./s3-part-signer.js";
import { headObject } from "./s3-reading.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";
import { abortUpload, completeParts, createUpload } from "./s3-upload.js";
import { withRetries } from "./with-retries.js";

/** What stores say of an upload that has ended. */
const ENDED = ["NoSuchUpload", "NoSuchKey"];
/** What they say of parts that are not those that were listed. */
const REPLACED = ["InvalidPart", "InvalidPartOrder", "EntityTooSmall"];

/** Multipart uploads whose parts clients send to the store themselves. */
export function createS3Multipart(store: S3Store): MultipartUploads {
  return {
    isEnding: false,

    async begin(key) {
      assertKey(key);
      return createUpload(store, key, {});
    },

    presignParts(upload, options) {
      const sign = createPartSigner(store, aimOf(store, upload), options);
      return (part) =>
        sign(part).catch((error: unknown) => {
          throw storageFault(store, `sign the URL of a part of ${upload.key}`, error);
        });
    },

    listParts: (upload) => listParts(store, upload),

    async complete(upload, parts) {
      const { key, uploadId } = upload;
      assertKey(key);
      try {
        await completeParts(store, key, uploadId, {
          parts: parts.map(({ number, tag }) => ({ PartNumber: number, ETag: tag })),
          expected: [...ENDED, ...REPLACED],
        });
      } catch (error) {
        if (isNamed(error, ...REPLACED)) throw new PartsChanged(key);
        // Not every store says so of an upload that has ended.
        if (!isNamed(error, ...ENDED) && (await listParts(store, upload)) !== null) throw error;
        // Completed before, or by an attempt whose answer was lost.
        if ((await headObject(store, key)) === null) throw new PartsChanged(key);
      }
    },

    async abort({ key, uploadId }) {
      assertKey(key);
      await abortUpload(store, key, uploadId);
    },
  };
}

const aimOf = (store: S3Store, { key, uploadId }: MultipartRef) => {
  assertKey(key);
  return { ...objectOf(store, key), UploadId: uploadId };
};

async function listParts(store: S3Store, upload: MultipartRef): Promise<StoredPart[] | null> {
  const parts: StoredPart[] = [];
  try {
    for await (const page of pagesOfParts(store, upload)) parts.push(...page);
  } catch (error) {
    if (isNamed(error, ...ENDED)) return null;
    throw error;
  }
  return parts;
}

async function* pagesOfParts(store: S3Store, upload: MultipartRef): AsyncGenerator<StoredPart[]> {
  const aim = aimOf(store, upload);
  for (let after: string | undefined; ; ) {
    const page = await withRetries(
      store,
      `list the parts of ${upload.key}`,
      ({ signal }) =>
        store.client.send(
          new ListPartsCommand({ ...aim, ...(after !== undefined && { PartNumberMarker: after }) }),
          {
            abortSignal: signal,
          },
        ),
      { expected: (error) => isNamed(error, ...ENDED) },
    );
    yield (page.Parts ?? []).map(({ PartNumber = 0, Size = 0, ETag = "" }) => ({
      number: PartNumber,
      size: Size,
      tag: ETag,
    }));
    if (!page.IsTruncated) return;
    after = page.NextPartNumberMarker;
  }
}
