import { Readable } from "node:stream";
import { mapInOrder } from "../../kernel/map-in-order.js";
import { hasBytes } from "../../modules/media/upkeep/move-object.js";
import type { Storage } from "../../platform/storage/storage.js";
import { StorageFault } from "../../platform/storage/storage.js";
import type { BackupReading } from "./backup-folder.js";
import { DamagedBackup } from "./backup-folder.js";
import type { ListedBytes } from "./file-list.js";
import { listedBytes, objectOf } from "./file-list.js";
import type { Manifest } from "./manifest.js";
import type { VerifyBackupOptions } from "./verify-backup.js";

export interface RestoredFiles {
  readonly files: number;
  readonly bytes: number;
  /** Restored by an earlier run. */
  readonly alreadyThere: number;
  /** Not restored: the backup has other bytes, or none. */
  readonly damaged: number;
  /** Not restored: the desk had lost them when the backup was made. */
  readonly lacking: number;
}

const AT_ONCE = 8;

/**
 * Stores the bytes of a backup under their keys, and reads each back. Nothing that differs from its hash is ever
 * stored. May be interrupted at any moment; the next run continues.
 *
 * @throws StorageFault; DamagedBackup if the list itself is damaged
 */
export async function restoreFiles(
  storage: Pick<Storage, "get" | "put" | "stat" | "delete">,
  { folder, manifest }: { readonly folder: BackupReading; readonly manifest: Manifest },
  { onDamage, onProgress, signal }: VerifyBackupOptions,
): Promise<RestoredFiles> {
  const report = { files: 0, bytes: 0, alreadyThere: 0, damaged: 0, lacking: 0 };
  const restoreOne = async ({ sha256, size, keys, lacks }: ListedBytes): Promise<void> => {
    if (lacks !== undefined) report.lacking += keys.length;
    else
      for (const key of keys) {
        signal?.throwIfAborted();
        const outcome = await restore(storage, folder, { sha256, size, key }, signal);
        if (outcome instanceof DamagedBackup) {
          report.damaged += keys.length;
          onDamage?.({ damage: outcome.message, keys });
          break;
        }
        if (outcome === "ALREADY_THERE") report.alreadyThere += 1;
        report.files += 1;
        report.bytes += size;
      }
  };
  let done = 0;
  const work = async (listed: ListedBytes) => {
    await restoreOne(listed);
    return listed.keys.length;
  };
  for await (const keys of mapInOrder(listedBytes(folder, manifest.list), AT_ONCE, work)) {
    done += keys;
    onProgress?.({ done, total: Math.max(done, manifest.files) });
  }
  return report;
}

interface Wanted {
  readonly sha256: string;
  readonly size: number;
  readonly key: string;
}

async function restore(
  storage: Pick<Storage, "get" | "put" | "stat" | "delete">,
  folder: BackupReading,
  { sha256, size, key }: Wanted,
  signal: AbortSignal | undefined,
): Promise<"RESTORED" | "ALREADY_THERE" | DamagedBackup> {
  const bytes = { storageKey: key, sha256 };
  if ((await storage.stat(key))?.size === size && (await hasBytes(storage, bytes, { signal })))
    return "ALREADY_THERE";
  let damage: DamagedBackup | undefined;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* folder.read({ file: objectOf(sha256), sha256 });
    } catch (error) {
      if (error instanceof DamagedBackup) damage = error;
      throw error;
    }
  }
  try {
    await storage.put(key, Readable.from(chunks(), { objectMode: false }));
  } catch (error) {
    if (damage !== undefined) return damage;
    throw error;
  }
  if (await hasBytes(storage, bytes, { signal })) return "RESTORED";
  await storage.delete([key]);
  throw new StorageFault(
    `the storage returned other bytes of ${key} than were written to it; they were removed again. Check it before you run this again`,
  );
}
