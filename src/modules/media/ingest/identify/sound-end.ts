import type { FileTypeName } from "../../file-types.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { durationOfAmr } from "./amr.js";
import { endOfMovie } from "./movie-boxes.js";

const FINDERS: Partial<Record<FileTypeName, (bytes: FileBytes) => Promise<number>>> = {
  m4a: endOfMovie,
  ogg: endOfOgg,
  wav: endOfWav,
  // Frames are not counted: the whole file is searched for second files.
  mp3: async () => 0,
  amr: async (bytes) => {
    await durationOfAmr(bytes);
    return bytes.size;
  },
};

const endsTooEarly = () => corruptFile("the recording ends too early");

/**
 * The end of a recording by its structure. Null for other files.
 *
 * @throws CORRUPT_FILE if its end is missing, as far as the container shows it
 */
export async function endOfSound(type: FileTypeName, bytes: FileBytes): Promise<number | null> {
  return (await FINDERS[type]?.(bytes)) ?? null;
}

/** RFC 3533 §6: pages with a table of their segments' lengths. */
async function endOfOgg(bytes: FileBytes): Promise<number> {
  let at = 0;
  while (at < bytes.size) {
    const header = await bytes.readOn(at, 27 + 255);
    if (header.toString("latin1", 0, 4) !== "OggS") break;
    const segments = header[26] ?? 0;
    if (header.length < 27 + segments) throw endsTooEarly();
    let length = 27 + segments;
    for (let segment = 27; segment < 27 + segments; segment++) length += header[segment] ?? 0;
    if (at + length > bytes.size) throw endsTooEarly();
    at += length;
  }
  return at;
}

/** The RIFF header states the length; a recording that was written into a pipe has none, and ends with the file. */
async function endOfWav(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 12);
  if (header.length < 12) throw endsTooEarly();
  const size = header.readUInt32LE(4);
  if (size === 0 || size === 0xffffffff) return 12;
  if (8 + size > bytes.size) throw endsTooEarly();
  return 8 + size;
}
