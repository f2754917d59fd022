import { join, resolve } from "node:path";
import type { Config } from "../../platform/config/config.js";
import { createLocalStorage, localTempFolder } from "../../platform/storage/local.js";
import { createLocalStaging, localStagingFolder } from "../../platform/storage/local-staging.js";
import { createMovingStorage } from "../../platform/storage/moving-storage.js";
import type { SegmentStagingDeps } from "../../platform/storage/segment-staging.js";
import { createSegmentStaging } from "../../platform/storage/segment-staging.js";
import type { StagingArea } from "../../platform/storage/staging-area.js";
import type { Storage } from "../../platform/storage/storage.js";

/** Where files are, for messages. */
export interface FilesPlace {
  readonly location: string;
  readonly kind: "folder" | "bucket";
}

/** A storage, and where uploads to it grow. */
export interface PlacedStorage {
  readonly storage: Storage;
  readonly place: FilesPlace;
  /** Where resumable uploads grow. */
  readonly staging: StagingArea;
}

export interface OpenedStorage extends PlacedStorage {
  /** The local folder for the temp files of all processes, independent of the kind of storage. */
  readonly tempRoot: string;
  /** The storage that files are being moved from. */
  readonly from?: PlacedStorage | undefined;
}

export type StorageConfig = Pick<
  Config,
  "FILEDESK_DATA" | "STORAGE" | "STORAGE_FROM" | "TEMP_DIR" | "ACCEL_REDIRECT" | `S3_${S3Setting}`
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

interface Opened extends Omit<PlacedStorage, "staging"> {
  readonly tempRoot: string;
  openStaging(deps: SegmentStagingDeps): StagingArea;
}

/** Below TEMP_DIR, because unknown files beside those of a server are removed. */
const TEMP_FOLDER = "filedesk-temp";

/** Opens the storage that the configuration selects, and the one that files are being moved from. */
export async function openStorage(config: StorageConfig): Promise<OpenedStorage> {
  const { openStaging, ...to } = await open(config, config.STORAGE);
  const { tempRoot } = to;
  if (config.STORAGE_FROM === undefined)
    return { ...to, staging: openStaging({ storage: to.storage, tempRoot }) };
  const from = await open(config, config.STORAGE_FROM);
  // The bytes of a direct upload are copied into the new storage, also when its first part is in the old one.
  const both = createMovingStorage({ to: to.storage, from: from.storage });
  const over = ({ put }: Storage) => ({ storage: { ...both, put }, tempRoot });
  return {
    ...to,
    staging: openStaging(over(to.storage)),
    from: { storage: from.storage, place: from.place, staging: from.openStaging(over(from.storage)) },
  };
}

const open = (config: StorageConfig, kind: "local" | "s3"): Promise<Opened> =>
  kind === "s3" ? openS3(config) : openLocal(config);

async function openLocal(config: StorageConfig): Promise<Opened> {
  const root = join(resolve(config.FILEDESK_DATA), "files");
  return {
    storage: createLocalStorage({ root, internalPath: config.ACCEL_REDIRECT }),
    place: { location: root, kind: "folder" },
    tempRoot: localTempFolder(root),
    openStaging: () => createLocalStaging(localStagingFolder(root)),
  };
}

/** The SDK is only loaded if it is used, because it takes a while and 30 MB. */
async function openS3(config: StorageConfig): Promise<Opened> {
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
  return {
    storage: createS3Storage(store),
    place: { location: store.location, kind: "bucket" },
    tempRoot: join(resolve(config.TEMP_DIR ?? config.FILEDESK_DATA), TEMP_FOLDER),
    openStaging: createSegmentStaging,
  };
}
