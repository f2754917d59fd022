import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { KIB } from "../../kernel/bytes.js";
import { isErrno } from "../../kernel/errno.js";
import { createTempFile } from "../../platform/storage/temp-file.js";

/** A file of a backup. */
export interface WrittenFile {
  /** Below the folder. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** A file of a backup is missing, or is not what was written. */
export class DamagedBackup extends Error {}

const TEMP = ".tmp";
const READ_BYTES = 256 * KIB;

/** A backup to be read. */
export interface BackupReading {
  readonly path: string;
  /** The size of a file; null without it. */
  sizeOf(file: string): Promise<number | null>;
  /** The names in a folder, sorted. */
  list(folder: string): Promise<readonly string[]>;
  readText(file: string): Promise<string>;
  /** The bytes of a file. @throws DamagedBackup, at the end if its hash is wrong */
  read(file: Pick<WrittenFile, "file" | "sha256">): AsyncGenerator<Buffer>;
}

/**
 * The folder of a backup on the local disk. Its files can be read by their owner alone: they contain hashes of
 * passwords, and everybody's files.
 */
export interface BackupFolder extends BackupReading {
  /**
   * Writes a file, atomically.
   *
   * @throws Error with instructions if the disk is full
   */
  write(file: string, chunks: AsyncIterable<Buffer>): Promise<WrittenFile>;
  /** As `write`, if the bytes have a hash. @returns whether they do */
  writeIf(sha256: string, file: string, chunks: AsyncIterable<Buffer>): Promise<boolean>;
  remove(file: string): Promise<void>;
  /** Resolves when what was written is on the disk, with its name. */
  sync(): Promise<void>;
}

/** @param path is created if it is missing */
export async function openBackupFolder(path: string): Promise<BackupFolder> {
  const root = resolve(path);
  await makeRoot(root);
  // Left by an interrupted backup.
  await rm(join(root, TEMP), { recursive: true, force: true });
  const folders = new Map<string, Promise<void>>();
  const changed = new Set<string>();
  const makeFolder = (folder: string): Promise<void> => {
    const making =
      folders.get(folder) ??
      mkdir(folder, { recursive: true, mode: 0o700 }).then(() => void changed.add(dirname(folder)));
    folders.set(folder, making);
    return making;
  };
  const at = (file: string) => join(root, file);

  const write = async (
    file: string,
    chunks: AsyncIterable<Buffer>,
    expected?: string,
  ): Promise<WrittenFile | null> => {
    const temp = createTempFile(at(TEMP));
    try {
      const { size, sha256 } = await fill(temp, chunks);
      if (expected !== undefined && sha256 !== expected) return null;
      await syncPath(temp.path, "r+");
      const folder = dirname(at(file));
      if (folder !== root) await makeFolder(folder);
      await rename(temp.path, at(file));
      changed.add(folder);
      return { file, size, sha256 };
    } catch (error) {
      if (isErrno(error, "ENOSPC", "EDQUOT")) throw diskIsFull(root);
      throw error;
    } finally {
      await temp[Symbol.asyncDispose]();
    }
  };
  return {
    ...readingIn(root),
    write: async (file, chunks) => (await write(file, chunks)) as WrittenFile,
    writeIf: async (sha256, file, chunks) => (await write(file, chunks, sha256)) !== null,
    remove: (file) => rm(at(file), { recursive: true, force: true }),
    async sync() {
      const folders = [...changed];
      changed.clear();
      for (const folder of folders) await syncPath(folder, "r");
      await rm(at(TEMP), { recursive: true, force: true });
    },
  };
}

/** Opens a backup to read it, and changes nothing. */
export const readBackupFolder = (path: string): BackupReading => readingIn(resolve(path));

function readingIn(root: string): BackupReading {
  return {
    path: root,
    readText: (file) => readFile(join(root, file), "utf8"),
    sizeOf: async (file) => (await unlessMissing(stat(join(root, file))))?.size ?? null,
    list: async (folder) => ((await unlessMissing(readdir(join(root, folder)))) ?? []).sort(),
    async *read({ file, sha256 }) {
      const hash = createHash("sha256");
      try {
        for await (const chunk of createReadStream(join(root, file), { highWaterMark: READ_BYTES })) {
          hash.update(chunk);
          yield chunk;
        }
      } catch (error) {
        if (!isErrno(error, "ENOENT")) throw error;
        throw new DamagedBackup(`${join(root, file)} is missing`);
      }
      if (hash.digest("hex") !== sha256) throw new DamagedBackup(`${join(root, file)} is damaged`);
    },
  };
}

/**
 * An existing folder keeps its mode: it may be the root of a mounted disk.
 *
 * @throws Error with instructions if it cannot be made or written
 */
async function makeRoot(root: string): Promise<void> {
  try {
    await mkdir(dirname(root), { recursive: true });
    await mkdir(root, { mode: 0o700 }).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw error;
    });
    await readdir(root);
    await access(root, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (isErrno(error, "ENOSPC", "EDQUOT")) throw diskIsFull(root);
    throw cannotBeUsed(root, error as Error);
  }
}

async function fill(
  temp: ReturnType<typeof createTempFile>,
  chunks: AsyncIterable<Buffer>,
): Promise<Pick<WrittenFile, "size" | "sha256">> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
    await temp.write(chunk);
  }
  await temp.close();
  return { size, sha256: hash.digest("hex") };
}

async function syncPath(path: string, flags: "r" | "r+"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessMissing<Result>(found: Promise<Result>): Promise<Result | null> {
  try {
    return await found;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return null;
    throw error;
  }
}

const diskIsFull = (root: string) =>
  new Error(
    `The disk of ${root} is full. This backup is not complete; an earlier one in this folder still is. Make room and ` +
      "run this again: it continues with what is missing.",
  );

const cannotBeUsed = (root: string, { message }: Error) =>
  new Error(
    `The folder of the backup, ${root}, cannot be made or written (${message}). Nothing is saved. Give a folder that ` +
      "this user may write: one that exists, or whose parent folder may be written.",
  );
