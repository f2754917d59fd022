import { mkdir, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { objectOf } from "../../src/platform/storage/s3/s3-store.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import { bucketOf, filesFolderOf, openStorageOf, storageOf } from "./desk-storage.js";

const MARK = ".filedesk-installation";

/** What happens to stored bytes without the server's doing, wherever they are stored. */
export interface Damage {
  remove(key: string): Promise<void>;
  replace(key: string, bytes: Buffer | string): Promise<void>;
  /** Leaves the first bytes alone. */
  cut(key: string, bytes: number): Promise<void>;
  /** Adds bytes at the end. */
  grow(key: string, bytes: string): Promise<void>;
}

/** Damages the files of a desk. */
export function damageTo(dataFolder: string): Damage {
  const storage = storageOf(dataFolder);
  const bytesOf = async (key: string) => buffer(await storage.get(key));
  const replace: Damage["replace"] = (key, bytes) => storage.put(key, Readable.from([Buffer.from(bytes)]));
  return {
    remove: (key) => storage.delete([key]),
    replace,
    cut: async (key, bytes) => replace(key, (await bytesOf(key)).subarray(0, bytes)),
    grow: async (key, bytes) => replace(key, Buffer.concat([await bytesOf(key), Buffer.from(bytes)])),
  };
}

/** Takes the mark of its installation away from a desk's storage. @returns what brings it back */
export async function hideMark(dataFolder: string): Promise<() => Promise<void>> {
  const bucket = bucketOf(dataFolder);
  if (!bucket) {
    const mark = join(filesFolderOf(dataFolder), MARK);
    await rename(mark, `${mark}.away`);
    return () => rename(`${mark}.away`, mark);
  }
  const storage = storageOf(dataFolder);
  const mark = await storage.readMark();
  await bucket.store.client.send(new DeleteObjectCommand(objectOf(bucket.store, MARK)));
  return () => storage.writeMark(mark ?? "");
}

/** Empties a desk's storage, as when its file system is no longer mounted. @returns what brings all back */
export async function takeFilesAway(dataFolder: string): Promise<() => Promise<void>> {
  const files = filesFolderOf(dataFolder);
  if (!bucketOf(dataFolder)) {
    await rename(files, `${files}-away`);
    await mkdir(files);
    return async () => {
      await rmdir(files);
      await rename(`${files}-away`, files);
    };
  }
  const [here, away] = [storageOf(dataFolder), await openStorageOf(`${dataFolder}-away`)];
  await move(here, away);
  const showMark = await hideMark(dataFolder);
  return async () => {
    await showMark();
    await move(away, here);
  };
}

async function move(from: Storage, to: Storage): Promise<void> {
  for await (const { key } of from.walk()) {
    await to.put(key, await from.get(key));
    await from.delete([key]);
  }
}
