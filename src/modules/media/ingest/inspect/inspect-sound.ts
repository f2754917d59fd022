import { corruptFile } from "../../media.errors.js";
import type { FileMetadata } from "../../metadata.js";
import { durationOfAmr } from "../identify/amr.js";
import type { Identified } from "../identify/identify.js";
import { openFileBytes } from "../receive/file-bytes.js";
import { readVideo } from "./read-video.js";

export interface SoundFacts {
  readonly durationMs: number;
  readonly metadata: FileMetadata;
}

/**
 * Reads duration and codec of a recording, without decoding it.
 *
 * @throws CORRUPT_FILE if it cannot be read, or has no duration
 */
export async function inspectSound(file: Identified, companyId: string): Promise<SoundFacts> {
  const { durationMs, audioCodec } =
    file.type.name === "amr" ? await readAmr(file) : await read(file, companyId);
  if (!(durationMs > 0 && Number.isSafeInteger(durationMs))) throw corruptFile("the recording has no length");
  return { durationMs, metadata: audioCodec === null ? {} : { audioCodec } };
}

async function read(file: Identified, companyId: string) {
  const answer = await readVideo({ path: file.temp.path, size: file.size }, companyId);
  // A recording with a picture is a song with its cover.
  if (answer.outcome !== "sound" && answer.outcome !== "read")
    throw corruptFile("the recording cannot be read");
  return answer;
}

async function readAmr(file: Identified) {
  const bytes = openFileBytes(file);
  try {
    return { durationMs: await durationOfAmr(bytes), audioCodec: "amr" };
  } finally {
    await bytes[Symbol.asyncDispose]();
  }
}
