import type { FileHandle } from "node:fs/promises";
import { constants, open, realpath } from "node:fs/promises";
import { basename, isAbsolute, join, sep } from "node:path";
import { KIB } from "../../../kernel/bytes.js";
import { isErrno } from "../../../kernel/errno.js";
import { ImportFault, sourceNotFound, sourceRefused } from "./media-import.errors.js";
import type { OpenedSource } from "./opened-source.js";

const CHUNK_BYTES = 256 * KIB;
/** Does not block on a pipe, and does not follow a link that was put there after the check. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Opens a file below a folder. Its path must not leave the folder, neither by `..` nor by a link.
 *
 * @param baseFolder its real path
 * @throws ImportFault SOURCE_NOT_FOUND, SOURCE_REFUSED
 */
export async function openLocalSource(baseFolder: string, source: string): Promise<OpenedSource> {
  const handle = await openInSomeForm(baseFolder, source);
  try {
    if (!(await handle.stat()).isFile())
      throw sourceRefused("This is no file, but a folder, a device or a pipe.");
  } catch (error) {
    await handle.close();
    throw error;
  }
  const stream = handle.createReadStream({ highWaterMark: CHUNK_BYTES });
  return { fileName: basename(source), stream };
}

/** Tries both Unicode normalization forms: manifest and files may come from different systems (macOS often uses NFD). */
async function openInSomeForm(baseFolder: string, source: string): Promise<FileHandle> {
  const others = [source.normalize("NFC"), source.normalize("NFD")].filter((form) => form !== source);
  for (const form of [source, ...others])
    try {
      return await openWithin(baseFolder, form);
    } catch (error) {
      if (!(error instanceof ImportFault && error.code === "SOURCE_NOT_FOUND")) throw error;
    }
  throw sourceNotFound("There is no such file.");
}

async function openWithin(baseFolder: string, source: string): Promise<FileHandle> {
  if (source.includes("\0")) throw sourceRefused("A path cannot hold the character NUL (U+0000).");
  if (source.split(sep).includes(".."))
    throw sourceRefused('A path may not contain "..": sources lie below the base folder.');
  try {
    const path = await realpath(isAbsolute(source) ? source : join(baseFolder, source));
    if (!isWithin(baseFolder, path))
      throw sourceRefused(`This path leads out of the base folder ${baseFolder}.`);
    const handle = await open(path, FLAGS);
    // A folder in the path may have become a link meanwhile.
    if (await isStillAt(handle, path, baseFolder)) return handle;
    await handle.close();
    throw sourceRefused("This path changed while it was opened.");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) throw sourceNotFound("There is no such file.");
    if (isErrno(error, "EACCES", "EPERM")) throw sourceRefused("This file may not be read by this account.");
    if (isErrno(error, "ELOOP", "ENAMETOOLONG", "ENXIO", "EISDIR", "EINVAL"))
      throw sourceRefused(`This path cannot be opened (${(error as NodeJS.ErrnoException).code}).`);
    throw error;
  }
}

const isWithin = (folder: string, path: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

async function isStillAt(handle: FileHandle, path: string, baseFolder: string): Promise<boolean> {
  if (process.platform !== "linux") return (await realpath(path)) === path;
  const opened = await realpath(`/proc/self/fd/${handle.fd}`);
  return isWithin(baseFolder, opened);
}
