import { mapInOrder } from "../../kernel/map-in-order.js";
import type { RunOptions } from "../../kernel/run-options.js";
import type { BackupReading } from "./backup-folder.js";
import { DamagedBackup, readBackupFolder } from "./backup-folder.js";
import type { ListedBytes } from "./file-list.js";
import { listedBytes, objectOf } from "./file-list.js";
import { readManifest } from "./manifest.js";

export interface VerifyBackupOptions extends RunOptions {
  /** Called with what is wrong with each damaged file. */
  readonly onDamage?: ((damage: DamagedFile) => void) | undefined;
}

export interface DamagedFile {
  /** Names the file. */
  readonly damage: string;
  /** The keys that it has the bytes of; none for a part of the database. */
  readonly keys: readonly string[];
}

export interface VerifyBackupReport {
  /** Files of the backup. */
  readonly verified: number;
  readonly bytes: number;
  readonly damaged: number;
  /** Bytes that the desk had lost when the backup was made. */
  readonly lacking: number;
}

const AT_ONCE = 4;

/**
 * Reads a whole backup and compares it with its hashes, without a desk.
 *
 * @throws DamagedBackup if nothing can be known because the manifest is damaged; Error if there is no complete backup
 */
export async function verifyBackup(path: string, options: VerifyBackupOptions): Promise<VerifyBackupReport> {
  const folder = readBackupFolder(path);
  const manifest = await readManifest(folder);
  const report = { verified: 0, bytes: 0, damaged: 0, lacking: 0 };
  const { onDamage, onProgress, signal } = options;
  const note = (keys: readonly string[], { damage, size }: Read) => {
    report.verified += 1;
    report.bytes += size;
    if (damage === null) return;
    report.damaged += 1;
    onDamage?.({ damage, keys });
  };
  const { tables, list, secrets } = manifest;
  for (const file of [...tables, list, ...(secrets ? [secrets] : [])])
    note([], await read(folder, file, signal));
  const work = async (listed: ListedBytes) =>
    listed.lacks ? null : { ...(await readObject(folder, listed, signal)), keys: listed.keys };
  let done = 0;
  try {
    for await (const found of mapInOrder(listedBytes(folder, list), AT_ONCE, work)) {
      if (found === null) report.lacking += 1;
      else note(found.keys, found);
      done += found?.keys.length ?? 1;
      onProgress?.({ done, total: Math.max(done, manifest.files) });
    }
  } catch (error) {
    // The list is damaged, as has been noted already.
    if (!(error instanceof DamagedBackup)) throw error;
  }
  return report;
}

interface Read {
  readonly size: number;
  /** Null if there is none. */
  readonly damage: string | null;
}

const readObject = (
  folder: BackupReading,
  { sha256 }: Pick<ListedBytes, "sha256">,
  signal: AbortSignal | undefined,
): Promise<Read> => read(folder, { file: objectOf(sha256), sha256 }, signal);

async function read(
  folder: BackupReading,
  file: { readonly file: string; readonly sha256: string },
  signal: AbortSignal | undefined,
): Promise<Read> {
  let size = 0;
  try {
    for await (const chunk of folder.read(file)) {
      signal?.throwIfAborted();
      size += chunk.length;
    }
    return { size, damage: null };
  } catch (error) {
    if (!(error instanceof DamagedBackup)) throw error;
    return { size, damage: error.message };
  }
}
