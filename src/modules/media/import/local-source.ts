import type { FileHandle } from "node:fs/promises";
import { constants, lstat, open, realpath } from "node:fs/promises";
import { basename, isAbsolute, join, resolve, sep } from "node:path";
import { KIB } from "../../../kernel/bytes.js";
import { isErrno } from "../../../kernel/errno.js";
import { ImportFault, sourceNotFound, sourceRefused } from "./media-import.errors.js";
import type { OpenedSource } from "./opened-source.js";

const CHUNK_BYTES = 256 * KIB;
/** Does not block on a pipe, and does not follow a link that was put there after the check. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Opens a file below a folder. Its path must not leave the folder, neither by `..` nor by a link. `\` separates folders
 * as `/` does, and a name is found in either Unicode normalization form.
 *
 * @param baseFolder its real path
 * @throws ImportFault SOURCE_NOT_FOUND, SOURCE_REFUSED
 */
export async function openLocalSource(baseFolder: string, source: string): Promise<OpenedSource> {
  const { handle, fileName } = await openAsWritten(baseFolder, source);
  try {
    if (!(await handle.stat()).isFile())
      throw sourceRefused("This is no file, but a folder, a device or a pipe.");
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { fileName, stream: handle.createReadStream({ highWaterMark: CHUNK_BYTES }) };
}

interface OpenedFile {
  readonly handle: FileHandle;
  readonly fileName: string;
}

/** A name that holds a `\` itself is found as it is written; otherwise the path comes from Windows. */
async function openAsWritten(baseFolder: string, source: string): Promise<OpenedFile> {
  const withSlashes = slashed(source);
  if (withSlashes.split("/").includes(".."))
    throw sourceRefused('A path may not contain "..": sources lie below the base folder.');
  for (const path of new Set([source, withSlashes]))
    try {
      return { handle: await openInSomeForm(baseFolder, path), fileName: basename(path) };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  throw sourceNotFound("There is no such file.");
}

/** A path with `/` between its folders, as a Unix system writes it. */
export const slashed = (path: string): string => path.replaceAll("\\", "/");

const isMissing = (error: unknown): boolean =>
  error instanceof ImportFault && error.code === "SOURCE_NOT_FOUND";

/**
 * Tries both Unicode normalization forms, of the path and then of each of its names: manifest and files may come from
 * different systems (macOS often uses NFD), and folders from others than their files.
 */
async function openInSomeForm(baseFolder: string, source: string): Promise<FileHandle> {
  try {
    return await openWithin(baseFolder, source);
  } catch (error) {
    if (!isMissing(error) || formsOf(source).length === 1) throw error;
  }
  return openWithin(baseFolder, await inFormOfDisk(baseFolder, source));
}

const formsOf = (name: string): string[] => [
  ...new Set([name, name.normalize("NFC"), name.normalize("NFD")]),
];

/** The path with each name in the form in which it is on the disk; one that is not there stays as it is. */
async function inFormOfDisk(baseFolder: string, source: string): Promise<string> {
  let path = "";
  for (const name of source.split("/")) {
    let form = name;
    for (const other of formsOf(name).reverse())
      if (await isThere(resolve(baseFolder, path + other))) form = other;
    path += `${form}/`;
  }
  return path.slice(0, -1);
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

async function openWithin(baseFolder: string, source: string): Promise<FileHandle> {
  if (source.includes("\0")) throw sourceRefused("A path cannot hold the character NUL (U+0000).");
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
