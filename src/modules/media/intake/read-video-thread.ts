import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { Input, InputAudioTrack, InputVideoTrack } from "mediabunny";
import { CustomSource, Logging, LogLevel, MP4, QTFF, Input as VideoInput, WEBM } from "mediabunny";
import type { VideoAnswer, VideoQuestion } from "./read-video.js";

/** What runs in the thread of `read-video.ts`, and ends with it. */

const MIB = 1024 ** 2;
const MOST_READ_AT_ONCE = 32 * MIB;

// It would print what a file's maker wrote into it.
Logging.level = LogLevel.Silent;

async function answer({ path, size }: VideoQuestion): Promise<VideoAnswer> {
  const handle = await open(path);
  const input = new VideoInput({ formats: [MP4, QTFF, WEBM], source: sourceOf(handle, size) });
  try {
    return await readFacts(input);
  } catch {
    return { outcome: "unreadable" };
  } finally {
    input.dispose();
    await handle.close();
  }
}

/** Bounds what is read: a clip without an index is gone through once. */
function sourceOf(handle: FileHandle, size: number) {
  let left = 2 * size + MIB;
  return new CustomSource({
    getSize: () => size,
    read: async (start, end) => {
      left -= end - start;
      if (left < 0 || end - start > MOST_READ_AT_ONCE) throw new Error("too much is read");
      const bytes = Buffer.allocUnsafeSlow(end - start);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      return bytes.subarray(0, bytesRead);
    },
    handleUnhandledError: () => {},
  });
}

async function readFacts(input: Input): Promise<VideoAnswer> {
  const video = await input.getPrimaryVideoTrack();
  if (video === null) return { outcome: "no video" };
  const audio = await input.getPrimaryAudioTrack();
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

/** What the library calls it; of a codec that it does not know, the container's own short name. */
async function codecOf(track: InputVideoTrack | InputAudioTrack): Promise<string | null> {
  const codec = (await track.getCodec()) ?? (await track.getInternalCodecId());
  return typeof codec === "string" && /^[\w./-]{1,30}$/.test(codec) ? codec : null;
}

parentPort?.postMessage(await answer(workerData as VideoQuestion));
