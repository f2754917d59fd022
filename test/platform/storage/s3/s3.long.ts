import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "@jest/globals";
import { createS3Storage } from "../../../../src/platform/storage/s3/s3.js";
import { connectS3 } from "../../../../src/platform/storage/s3/s3-store.js";
import { createSegmentStaging } from "../../../../src/platform/storage/segment-staging.js";
import { describeStaging } from "../../../contracts/staging-area.contract.js";
import { describeStorage } from "../../../contracts/storage.contract.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;

withS3("against a real store (needs radosgw, ceph-mon and ceph-osd)", () => {
  for (const prefix of ["", "desk/files"])
    describeStorage(`S3${prefix && " below a prefix"}`, async () => {
      const { options } = await makeBucket();
      return { storage: createS3Storage(connectS3({ ...options, prefix })), cleanup: async () => {} };
    });
  describeStaging("of segments in a bucket", async () => {
    const tempRoot = await mkdtemp(join(tmpdir(), "filedesk-staging-"));
    const storage = createS3Storage((await makeBucket()).store);
    return {
      staging: createSegmentStaging({ storage, tempRoot }),
      cleanup: () => rm(tempRoot, { recursive: true }),
    };
  });
});
