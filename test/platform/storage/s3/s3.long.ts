import { describe } from "@jest/globals";
import { createS3Storage } from "../../../../src/platform/storage/s3/s3.js";
import { connectS3 } from "../../../../src/platform/storage/s3/s3-store.js";
import { describeStorage } from "../../../contracts/storage.contract.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;

withS3("against a real store (needs radosgw, ceph-mon and ceph-osd)", () => {
  for (const prefix of ["", "desk/files"])
    describeStorage(`S3${prefix && " below a prefix"}`, async () => {
      const { options } = await makeBucket();
      return { storage: createS3Storage(connectS3({ ...options, prefix })), cleanup: async () => {} };
    });
});
