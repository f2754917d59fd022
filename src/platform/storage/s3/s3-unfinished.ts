import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import type { Storage } from "../storage.js";
import type { S3Store } from "./s3-store.js";
import { abortUpload } from "./s3-upload.js";
import { withRetries } from "./with-retries.js";

/** Removes parts of multipart uploads that were never completed: what a killed server leaves in the store. */
export function createS3Unfinished(store: S3Store): Pick<Storage, "removeUnfinished"> {
  return {
    async removeUnfinished(startedBefore, { dryRun = false, signal, kept = keepNone } = {}) {
      let removed = 0;
      for await (const page of unfinishedUploads(store)) {
        const old = page.filter(({ initiated }) => initiated < startedBefore);
        const keptKeys = await kept(old.map(({ key }) => key));
        for (const { key, uploadId } of old) {
          signal?.throwIfAborted();
          if (keptKeys.has(key)) continue;
          if (!dryRun) await abortUpload(store, key, uploadId);
          removed += 1;
        }
      }
      return removed;
    },
  };
}

const keepNone = async () => new Set<string>();

async function* unfinishedUploads(store: S3Store) {
  let after: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await withRetries(store, "list unfinished uploads", ({ signal }) =>
      store.client.send(
        new ListMultipartUploadsCommand({ Bucket: store.bucket, Prefix: store.prefix, ...after }),
        { abortSignal: signal },
      ),
    );
    yield (page.Uploads ?? []).map(({ Key = "", UploadId = "", Initiated = new Date() }) => ({
      key: Key.slice(store.prefix.length),
      uploadId: UploadId,
      initiated: Initiated,
    }));
    if (!page.IsTruncated) return;
    after = {
      ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}
