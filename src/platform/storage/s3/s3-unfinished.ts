import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import type { Storage } from "../storage.js";
import type { S3Store } from "./s3-store.js";
import { abortUpload } from "./s3-upload.js";
import { withRetries } from "./with-retries.js";

/** Removes parts of multipart uploads that were never completed: what a killed server leaves in the store. */
export function createS3Unfinished(store: S3Store): Pick<Storage, "removeUnfinished"> {
  return {
    async removeUnfinished(startedBefore, { dryRun = false, signal } = {}) {
      let removed = 0;
      for await (const { key, uploadId, initiated } of unfinishedUploads(store)) {
        signal?.throwIfAborted();
        if (initiated >= startedBefore) continue;
        if (!dryRun) await abortUpload(store, key, uploadId);
        removed += 1;
      }
      return removed;
    },
  };
}

async function* unfinishedUploads(store: S3Store) {
  let after: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await withRetries(store, "list unfinished uploads", ({ signal }) =>
      store.client.send(
        new ListMultipartUploadsCommand({ Bucket: store.bucket, Prefix: store.prefix, ...after }),
        { abortSignal: signal },
      ),
    );
    for (const { Key = "", UploadId = "", Initiated = new Date() } of page.Uploads ?? [])
      yield { key: Key.slice(store.prefix.length), uploadId: UploadId, initiated: Initiated };
    if (!page.IsTruncated) return;
    after = {
      ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}
