import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "@jest/globals";
import { createLocalStorage, localTempFolder } from "../../../../src/platform/storage/local.js";
import { createLocalStaging, localStagingFolder } from "../../../../src/platform/storage/local-staging.js";
import { createMovingStaging } from "../../../../src/platform/storage/moving-staging.js";
import { createMovingStorage } from "../../../../src/platform/storage/moving-storage.js";
import { createS3Storage } from "../../../../src/platform/storage/s3/s3.js";
import { createSegmentStaging } from "../../../../src/platform/storage/segment-staging.js";
import { describeStaging } from "../../../contracts/staging-area.contract.js";
import { describeStorage } from "../../../contracts/storage.contract.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;

/** A folder and a bucket, and where uploads to them grow. */
async function openBoth() {
  const root = await mkdtemp(join(tmpdir(), "moving-s3-"));
  const { store } = await makeBucket();
  const [local, s3] = [createLocalStorage({ root }), createS3Storage(store)];
  const both = createMovingStorage({ to: s3, from: local });
  return {
    local,
    s3,
    folder: createLocalStaging(localStagingFolder(root)),
    segments: createSegmentStaging({ storage: { ...both, put: s3.put }, tempRoot: localTempFolder(root) }),
    cleanup: () => rm(root, { recursive: true }),
  };
}

withS3("while objects are moved (needs radosgw, ceph-mon and ceph-osd)", () => {
  describeStorage("from a folder to S3", async () => {
    const { local, s3, cleanup } = await openBoth();
    return { storage: createMovingStorage({ to: s3, from: local }), cleanup };
  });
  describeStorage("from S3 to a folder", async () => {
    const { local, s3, cleanup } = await openBoth();
    return { storage: createMovingStorage({ to: local, from: s3 }), cleanup };
  });
  describeStaging("that moves from a folder to S3", async () => {
    const { folder, segments, cleanup } = await openBoth();
    return { staging: createMovingStaging(segments, folder), cleanup };
  });
  describeStaging("that moves from S3 to a folder", async () => {
    const { folder, segments, cleanup } = await openBoth();
    return { staging: createMovingStaging(folder, segments), cleanup };
  });
});
