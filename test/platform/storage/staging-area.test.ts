import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalStorage } from "../../../src/platform/storage/local.js";
import { createLocalStaging, localStagingFolder } from "../../../src/platform/storage/local-staging.js";
import { createSegmentStaging } from "../../../src/platform/storage/segment-staging.js";
import { describeStaging } from "../../contracts/staging-area.contract.js";

const inFolder = async () => {
  const root = await mkdtemp(join(tmpdir(), "filedesk-staging-"));
  return { root, cleanup: () => rm(root, { recursive: true }) };
};

describeStaging("in a folder", async () => {
  const { root, cleanup } = await inFolder();
  return { staging: createLocalStaging(localStagingFolder(root)), cleanup };
});

describeStaging("of segments, as object stores need it", async () => {
  const { root, cleanup } = await inFolder();
  const storage = createLocalStorage({ root });
  return { staging: createSegmentStaging({ storage, tempRoot: join(root, ".tmp") }), cleanup };
});
