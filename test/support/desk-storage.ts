import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createLocalStorage } from "../../src/platform/storage/local.js";
import { createS3Storage } from "../../src/platform/storage/s3/s3.js";
import { isStagedSegment } from "../../src/platform/storage/segments.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import type { S3Bucket } from "./s3-gateway.js";
import { makeBucket } from "./s3-gateway.js";

/** Whether all desks of this run have their files in S3: the same tests hold wherever the files are. */
export const storesInS3 = (): boolean => process.env.TEST_STORAGE === "s3";

/** Buckets of the desks whose files are not in their data folder, by that folder. */
const buckets = new Map<string, S3Bucket>();

/** The bucket of a desk of this process; undefined if its files are on the disk. */
export const bucketOf = (dataFolder: string): S3Bucket | undefined => buckets.get(dataFolder);

/** Where the files are of a desk that has them on the disk. */
export const filesFolderOf = (dataFolder: string): string => join(dataFolder, "files");

/** Where a desk of this process has its files. */
export function storageOf(dataFolder: string): Storage {
  const bucket = bucketOf(dataFolder);
  return bucket ? createS3Storage(bucket.store) : createLocalStorage({ root: filesFolderOf(dataFolder) });
}

/** Where a desk of this process keeps what it is receiving: always on the disk. */
export const tempFolderOf = (dataFolder: string): string =>
  bucketOf(dataFolder) ? join(dataFolder, "filedesk-temp") : join(filesFolderOf(dataFolder), ".tmp");

/** The ids of the uploads of which there are bytes that wait for the rest. */
export async function arrivingUploads(dataFolder: string): Promise<string[]> {
  if (!bucketOf(dataFolder)) return readdir(join(filesFolderOf(dataFolder), ".staged")).catch(() => []);
  const segments = (await storageOf(dataFolder).list("")).filter(({ key }) => isStagedSegment(key));
  return segments.map(({ key }) => key.split("/")[1] ?? "");
}

/** A storage without a desk, where `storageOf` finds it. */
export async function openStorageOf(dataFolder: string): Promise<Storage> {
  if (storesInS3()) buckets.set(dataFolder, await makeBucket());
  return storageOf(dataFolder);
}

/** Moves the files of a desk into a bucket, with their mark. @returns the settings with which it finds them there */
export async function moveIntoBucket(dataFolder: string, bucket: S3Bucket): Promise<S3Bucket["env"]> {
  const local = storageOf(dataFolder);
  buckets.set(dataFolder, bucket);
  const storage = storageOf(dataFolder);
  const root = filesFolderOf(dataFolder);
  for await (const { key } of local.walk())
    await storage.put(key, Readable.from([await readFile(join(root, key))]));
  const mark = await local.readMark();
  if (mark !== null) await storage.writeMark(mark);
  await rm(root, { recursive: true, force: true });
  // The SDK looks for credentials by itself.
  Object.assign(process.env, bucket.credentials);
  return bucket.env;
}
