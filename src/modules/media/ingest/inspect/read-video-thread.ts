import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { Input, InputAudioTrack, InputVideoTrack } from "mediabunny";
import {
  CustomSource,
  Logging,
  LogLevel,
  MP3,
  MP4,
  OGG,
  QTFF,
  Input as VideoInput,
  WAVE,
  WEBM,
} from "mediabunny";
import type { VideoAnswer, VideoQuestion } from "./read-video.js";

/** The thread of `read-video.ts`, which ends with it. */

const MIB = 1024 ** 2;
const MOST_READ_AT_ONCE = 32 * MIB;

// The library would print text from the file.
Logging.level = LogLevel.Silent;

/** The brand by which the library detects QuickTime. */
const QUICKTIME_BRAND = Buffer.from("\0\0\0\x14ftypqt  \0\0\0\0qt  ", "latin1");

async function answer({ path, size, lacksBrand }: VideoQuestion): Promise<VideoAnswer> {
  const handle = await open(path);
  const before = lacksBrand ? QUICKTIME_BRAND : Buffer.alloc(0);
  const input = new VideoInput({
    formats: [MP4, QTFF, WEBM, MP3, OGG, WAVE],
    source: sourceOf(handle, size, before),
  });
  try {
    return await readFacts(input);
  } catch {
    return { outcome: "unreadable" };
  } finally {
    input.dispose();
    await handle.close();
  }
}

/**
 * Bounds what is read: a clip without an index is read once.
 *
 * @param before bytes that are read before the file. They shift all offsets in it, which are not used here.
 */
function sourceOf(handle: FileHandle, size: number, before: Buffer) {
  let left = 2 * size + MIB;
  return new CustomSource({
    getSize: () => before.length + size,
    read: async (start, end) => {
      left -= end - start;
      if (left < 0 || end - start > MOST_READ_AT_ONCE) throw new Error("too much is read");
      const added = before.subarray(start, end);
      const bytes = Buffer.allocUnsafeSlow(end - start);
      added.copy(bytes);
      const at = Math.max(0, start - before.length);
      const { bytesRead } = await handle.read(bytes, added.length, bytes.length - added.length, at);
      return bytes.subarray(0, added.length + bytesRead);
    },
    handleUnhandledError: () => {},
  });
}

async function readFacts(input: Input): Promise<VideoAnswer> {
  const video = await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  if (video === null) return audio === null ? { outcome: "no video" } : readSound(input, audio);
  const tracks = audio === null ? [video] : [video, audio];
  return {
    outcome: "read",
    width: Math.round(await video.getDisplayWidth()),
    height: Math.round(await video.getDisplayHeight()),
    durationMs: Math.round((await input.computeDuration(tracks)) * 1_000),
    videoCodec: await codecOf(video),
    audioCodec: audio && (await codecOf(audio)),
  };
}

const readSound = async (input: Input, audio: InputAudioTrack): Promise<VideoAnswer> => ({
  outcome: "sound",
  durationMs: Math.round((await input.computeDuration([audio])) * 1_000),
  audioCodec: await codecOf(audio),
});

/** The library's name of the codec; for an unknown one, the short name in the container. */
async function codecOf(track: InputVideoTrack | InputAudioTrack): Promise<string | null> {
  const codec = (await track.getCodec()) ?? (await track.getInternalCodecId());
  return typeof codec === "string" && /^[\w./-]{1,30}$/.test(codec) ? codec : null;
}

// Loading the library does not count for the time of the file.
parentPort?.postMessage("ready");
parentPort?.postMessage(await answer(workerData as VideoQuestion));
