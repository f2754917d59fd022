import { join, resolve } from "node:path";
import type { Config } from "../../platform/config/config.js";
import { createLocalStorage, localTempFolder } from "../../platform/storage/local.js";
import { createLocalStaging, localStagingFolder } from "../../platform/storage/local-staging.js";
import { createSegmentStaging } from "../../platform/storage/segment-staging.js";
import type { StagingArea } from "../../platform/storage/staging-area.js";
import type { Storage } from "../../platform/storage/storage.js";

/** Where files are, for messages. */
export interface FilesPlace {
  readonly location: string;
  readonly kind: "folder" | "bucket";
}

export interface OpenedStorage {
  readonly storage: Storage;
  readonly place: FilesPlace;
  /** The local folder for the temp files of all processes, independent of the kind of storage. */
  readonly tempRoot: string;
  /** Where resumable uploads grow. */
  readonly staging: StagingArea;
}

export type StorageConfig = Pick<
  Config,
  "FILEDESK_DATA" | "STORAGE" | "TEMP_DIR" | "ACCEL_REDIRECT" | `S3_${S3Setting}`
>;

type S3Setting =
  | "BUCKET"
  | "PREFIX"
  | "REGION"
  | "ENDPOINT"
  | "PUBLIC_ENDPOINT"
  | "FORCE_PATH_STYLE"
  | "SERVER_SIDE_ENCRYPTION"
  | "STORAGE_CLASS";

/** Below TEMP_DIR, because unknown files beside those of a server are removed. */
const TEMP_FOLDER = "filedesk-temp";

/** Opens the storage that the configuration selects. */
export async function openStorage(config: StorageConfig): Promise<OpenedStorage> {
  if (config.STORAGE === "s3") return openS3(config);
  const root = join(resolve(config.FILEDESK_DATA), "files");
  return {
    storage: createLocalStorage({ root, internalPath: config.ACCEL_REDIRECT }),
    place: { location: root, kind: "folder" },
    tempRoot: localTempFolder(root),
    staging: createLocalStaging(localStagingFolder(root)),
  };
}

/** The SDK is only loaded if it is used, because it takes a while and 30 MB. */
async function openS3(config: StorageConfig): Promise<OpenedStorage> {
  const { connectS3 } = await import("../../platform/storage/s3/s3-store.js");
  const { createS3Storage } = await import("../../platform/storage/s3/s3.js");
  const store = connectS3({
    bucket: config.S3_BUCKET ?? "",
    prefix: config.S3_PREFIX,
    region: config.S3_REGION,
    endpoint: config.S3_ENDPOINT,
    publicEndpoint: config.S3_PUBLIC_ENDPOINT,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    serverSideEncryption: config.S3_SERVER_SIDE_ENCRYPTION,
    storageClass: config.S3_STORAGE_CLASS,
  });
  const storage = createS3Storage(store);
  const tempRoot = join(resolve(config.TEMP_DIR ?? config.FILEDESK_DATA), TEMP_FOLDER);
  const place = { location: store.location, kind: "bucket" } as const;
  return { storage, place, tempRoot, staging: createSegmentStaging({ storage, tempRoot }) };
}
