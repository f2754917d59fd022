import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { MIB } from "../../kernel/bytes.js";
import { SECOND_MS } from "../../kernel/clock.js";

/**
 * Extracts a frame from a video: a PNG of at most 1920 pixels per side, with the video's rotation applied.
 *
 * @param videoPath a local file with untrusted content
 * @param signal kills the decoder
 * @returns null if no frame can be decoded
 */
export type TakeFrame = (videoPath: string, signal: AbortSignal) => Promise<Buffer | null>;

const TIMEOUT_MS = 20 * SECOND_MS;
const MAX_BYTES = 32 * MIB;

/** Positions that are tried, in seconds: the first frame is often black, but short clips have no other. */
const POSITIONS = ["1", "0"];

/** Address space, CPU seconds, size of written files, open files. */
const LIMITS = ["--as=2147483648", "--cpu=20", "--fsize=0", "--nofile=64"];

/** Without these, a playlist named `.mp4` could make ffmpeg open other files or network addresses. */
const INPUT = [
  ["-protocol_whitelist", "file,crypto"],
  ["-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"],
].flat();

const OUTPUT = [
  ["-map", "0:v:0", "-frames:v", "1", "-an", "-sn", "-dn"],
  ["-vf", "scale=w='min(1920,iw)':h='min(1920,ih)':force_original_aspect_ratio=decrease"],
  ["-c:v", "png", "-threads", "1", "-f", "image2pipe", "pipe:1"],
].flat();

/**
 * Finds ffmpeg, which extracts the frames: no npm package decodes videos without it.
 *
 * @param setting its path or name; by default it is searched on the PATH
 * @returns null if it is not installed or does not run
 */
export async function findFrameTaker(setting: string | undefined): Promise<TakeFrame | null> {
  const ffmpeg = setting ?? "ffmpeg";
  if (!(await runs(ffmpeg, ["-hide_banner", "-version"]))) return null;
  const command = (await runs("prlimit", [...LIMITS, "--", "true"]))
    ? ["prlimit", ...LIMITS, "--", ffmpeg]
    : [ffmpeg];
  return async (videoPath, signal) => {
    for (const position of POSITIONS) {
      signal.throwIfAborted();
      const picture = await run([...command, ...argumentsFor(videoPath, position)], signal);
      if (picture !== null) return picture;
    }
    return null;
  };
}

const argumentsFor = (videoPath: string, position: string): string[] => [
  ...["-nostdin", "-hide_banner", "-v", "error", "-threads", "1"],
  ...INPUT,
  ...["-ss", position, "-i", `file:${resolve(videoPath)}`],
  ...OUTPUT,
];

/** The program gets no other variables of our environment. */
const environment = { PATH: process.env.PATH, LC_ALL: "C" };

const runs = (program: string, args: readonly string[]): Promise<boolean> =>
  new Promise((done) =>
    execFile(program, args, { env: environment, timeout: TIMEOUT_MS }, (error) => done(error === null)),
  );

/** Null if the program failed, exceeded time or memory, or wrote nothing: `-ss` after the end is not an error. */
async function run([program = "", ...args]: readonly string[], signal: AbortSignal): Promise<Buffer | null> {
  const child = spawn(program, args, { env: environment, stdio: ["ignore", "pipe", "ignore"] });
  const kill = () => child.kill("SIGKILL");
  const timer = setTimeout(kill, TIMEOUT_MS);
  signal.addEventListener("abort", kill, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) kill();
    else chunks.push(chunk);
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    signal.throwIfAborted();
    return code === 0 && bytes > 0 ? Buffer.concat(chunks) : null;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}
