import { SECOND_MS } from "../../../../kernel/clock.js";
import { FiledeskError } from "../../../../kernel/errors.js";
import { corruptFile, tooLong, tooManyPixels } from "../../media.errors.js";
import type { FileMetadata } from "../../metadata.js";
import type { Identified } from "../identify/identify.js";
import { readVideo } from "./read-video.js";

export interface VideoFacts {
  /** In pixels, as displayed (rotation applied). */
  readonly width: number;
  readonly height: number;
  readonly durationMs: number;
  readonly metadata: FileMetadata;
}

export interface VideoLimits {
  /** The company of the video: companies take turns. */
  readonly companyId: string;
  /** Of one picture: width × height. */
  readonly maxPixels: number;
  /** The longest video; unlimited without it. */
  readonly maxSeconds?: number | undefined;
}

const LONGEST_SIDE = 8_192;
/** Sound is padded to whole frames, so a clip of two minutes is slightly longer. */
const PADDING_SECONDS = 0.5;

/**
 * Reads track, duration and codecs of a video, without decoding it.
 *
 * @throws UNSUPPORTED_FILE_TYPE without a video track, CORRUPT_FILE if it cannot be read, FILE_TOO_LARGE if it is
 *   longer or larger than allowed
 */
export async function inspectVideo(file: Identified, limits: VideoLimits): Promise<VideoFacts> {
  const question = { path: file.temp.path, size: file.size, lacksBrand: lacksBrand(file) };
  const answer = await readVideo(question, limits.companyId);
  if (answer.outcome === "unreadable") throw corruptFile("the video cannot be read");
  if (answer.outcome !== "read")
    throw new FiledeskError(
      "UNSUPPORTED_FILE_TYPE",
      "This file has no video in it, only sound or nothing. Send a clip with a picture.",
    );
  const { width, height, durationMs, videoCodec, audioCodec } = answer;
  refusePicture(width, height, limits.maxPixels);
  refuseTooLong(durationMs, limits.maxSeconds);
  const metadata = { ...(videoCodec && { videoCodec }), ...(audioCodec && { audioCodec }) };
  return { width, height, durationMs, metadata };
}

const lacksBrand = ({ type, head }: Identified): boolean =>
  type.name === "quicktime" && head.toString("latin1", 4, 8) !== "ftyp";

function refusePicture(width: number, height: number, maxPixels: number): void {
  if (!(width > 0 && height > 0)) throw corruptFile("the video's picture has no size");
  if (width > LONGEST_SIDE || height > LONGEST_SIDE || width * height > maxPixels)
    throw tooManyPixels(Math.min(maxPixels, LONGEST_SIDE ** 2), width, height);
}

/** @throws CORRUPT_FILE if its duration is unknown, FILE_TOO_LARGE if it is longer than allowed */
export function refuseTooLong(durationMs: number, maxSeconds: number | undefined): void {
  if (!(durationMs > 0 && Number.isSafeInteger(durationMs)))
    throw corruptFile("the video has no length: it holds no pictures, or does not tell how long they last");
  const seconds = durationMs / SECOND_MS;
  if (maxSeconds !== undefined && seconds > maxSeconds + PADDING_SECONDS) throw tooLong(maxSeconds, seconds);
}
