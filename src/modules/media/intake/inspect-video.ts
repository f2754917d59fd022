import { open } from "node:fs/promises";
import type { Input, InputAudioTrack, InputVideoTrack } from "mediabunny";
import { MIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { corruptFile, tooLong, tooManyPixels } from "../media.errors.js";
import type { FileMetadata } from "../metadata.js";
import type { Identified } from "./identify.js";

export interface VideoFacts {
  /** In pixels, as people see it (rotation applied). */
  readonly width: number;
  readonly height: number;
  readonly durationMs: number;
  readonly metadata: FileMetadata;
}

export interface VideoLimits {
  /** Of one picture: width × height. */
  readonly maxPixels: number;
  /** The longest video; without it, any. */
  readonly maxSeconds?: number | undefined;
}

const LONGEST_SIDE = 8_192;
/** Sound is padded to whole frames, and so a clip of two minutes is a little longer. */
const PADDING_SECONDS = 0.5;
/** What is read for the facts: a clip without an index is gone through once. */
const MOST_READ_AT_ONCE = 32 * MIB;
const LONGEST_READING_MS = 15 * SECOND_MS;

/**
 * Reads what a video is: its track, its length, its codecs. Nothing is decoded.
 *
 * @throws UNSUPPORTED_FILE_TYPE without a video track, CORRUPT_FILE when it cannot be read, FILE_TOO_LARGE for a
 *   longer or larger one than allowed
 */
export async function inspectVideo(file: Identified, limits: VideoLimits): Promise<VideoFacts> {
  const { input, close } = await openVideo(file);
  try {
    const facts = await readFacts(input);
    refuseUnfit(facts, limits);
    return facts;
  } catch (error) {
    if (error instanceof FiledeskError || error instanceof DiskError) throw error;
    throw corruptFile("the video cannot be read");
  } finally {
    await close();
  }
}

/** A fault of ours, not of the file. */
class DiskError extends Error {}

/** The library reads the temp file through a door that bounds what it takes and for how long. */
async function openVideo({ temp, size }: Identified) {
  // Loaded with the first video: most processes see none.
  const { CustomSource, Input, Logging, LogLevel, MP4, QTFF, WEBM } = await import("mediabunny");
  // It would print what a file's maker wrote into it.
  Logging.level = LogLevel.Silent;
  const handle = await open(temp.path);
  const deadline = Date.now() + LONGEST_READING_MS;
  let left = 2 * size + MIB;
  const source = new CustomSource({
    getSize: () => size,
    read: async (start, end) => {
      left -= end - start;
      if (left < 0 || end - start > MOST_READ_AT_ONCE || Date.now() > deadline)
        throw corruptFile("reading the video's index takes too long");
      const bytes = Buffer.allocUnsafeSlow(end - start);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start).catch((cause: unknown) => {
        throw new DiskError("the temp file cannot be read", { cause });
      });
      return bytes.subarray(0, bytesRead);
    },
    handleUnhandledError: () => {},
  });
  const input = new Input({ formats: [MP4, QTFF, WEBM], source });
  const close = async () => {
    input.dispose();
    await handle.close();
  };
  return { input, close };
}

async function readFacts(input: Input): Promise<VideoFacts> {
  const video = await input.getPrimaryVideoTrack();
  if (video === null)
    throw new FiledeskError(
      "UNSUPPORTED_FILE_TYPE",
      "This file has no video in it, only sound or nothing. Send a clip with a picture.",
    );
  const audio = await input.getPrimaryAudioTrack();
  const tracks = audio === null ? [video] : [video, audio];
  const videoCodec = await codecOf(video);
  const audioCodec = audio && (await codecOf(audio));
  return {
    width: Math.round(await video.getDisplayWidth()),
    height: Math.round(await video.getDisplayHeight()),
    durationMs: Math.round((await input.computeDuration(tracks)) * SECOND_MS),
    metadata: { ...(videoCodec && { videoCodec }), ...(audioCodec && { audioCodec }) },
  };
}

/** What the library calls it; of a codec that it does not know, the container's own short name. */
async function codecOf(track: InputVideoTrack | InputAudioTrack): Promise<string | null> {
  const codec = (await track.getCodec()) ?? (await track.getInternalCodecId());
  return typeof codec === "string" && /^[\w./-]{1,30}$/.test(codec) ? codec : null;
}

function refuseUnfit(
  { width, height, durationMs }: VideoFacts,
  { maxPixels, maxSeconds }: VideoLimits,
): void {
  if (!(width > 0 && height > 0)) throw corruptFile("the video's picture has no size");
  if (width > LONGEST_SIDE || height > LONGEST_SIDE || width * height > maxPixels)
    throw tooManyPixels(Math.min(maxPixels, LONGEST_SIDE ** 2), width, height);
  refuseTooLong(durationMs, maxSeconds);
}

/** @throws CORRUPT_FILE for a video whose length is not known, FILE_TOO_LARGE for one that is longer than allowed */
export function refuseTooLong(durationMs: number, maxSeconds: number | undefined): void {
  if (!(durationMs > 0 && Number.isSafeInteger(durationMs)))
    throw corruptFile("the video has no length: it holds no pictures, or does not tell how long they last");
  const seconds = durationMs / SECOND_MS;
  if (maxSeconds !== undefined && seconds > maxSeconds + PADDING_SECONDS) throw tooLong(maxSeconds, seconds);
}
