import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { MIB } from "../../kernel/bytes.js";
import { SECOND_MS } from "../../kernel/clock.js";

/**
 * Takes a picture out of a video: a PNG of at most 1920 pixels a side, turned as people see it.
 *
 * @param videoPath a local file; what it holds is not trusted
 * @param signal ends the program that does the work
 * @returns null when there is no picture that can be decoded
 */
export type TakeFrame = (videoPath: string, signal: AbortSignal) => Promise<Buffer | null>;

const LONGEST_MS = 20 * SECOND_MS;
const MOST_BYTES = 32 * MIB;

/** Where the picture is taken, in seconds: the first moment is often black, but short clips have no other. */
const MOMENTS = ["1", "0"];

/** Address space, CPU seconds, size of a written file, open files. */
const LIMITS = ["--as=2147483648", "--cpu=20", "--fsize=0", "--nofile=64"];

/** Without these, a playlist that is called `.mp4` makes ffmpeg open other files, or addresses in the network. */
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
 * Finds ffmpeg, which takes the pictures: nothing on npm decodes videos without it.
 *
 * @param setting its path or name; without one it is looked for on the PATH
 * @returns null where it is not installed or does not run
 */
export async function findFrameTaker(setting: string | undefined): Promise<TakeFrame | null> {
  const ffmpeg = setting ?? "ffmpeg";
  if (!(await runs(ffmpeg, ["-hide_banner", "-version"]))) return null;
  const command = (await runs("prlimit", [...LIMITS, "--", "true"]))
    ? ["prlimit", ...LIMITS, "--", ffmpeg]
    : [ffmpeg];
  return async (videoPath, signal) => {
    for (const moment of MOMENTS) {
      signal.throwIfAborted();
      const picture = await run([...command, ...argumentsFor(videoPath, moment)], signal);
      if (picture !== null) return picture;
    }
    return null;
  };
}

const argumentsFor = (videoPath: string, moment: string): string[] => [
  ...["-nostdin", "-hide_banner", "-v", "error", "-threads", "1"],
  ...INPUT,
  ...["-ss", moment, "-i", `file:${resolve(videoPath)}`],
  ...OUTPUT,
];

/** Nothing of our environment is the program's business. */
const environment = { PATH: process.env.PATH, LC_ALL: "C" };

const runs = (program: string, args: readonly string[]): Promise<boolean> =>
  new Promise((done) =>
    execFile(program, args, { env: environment, timeout: LONGEST_MS }, (error) => done(error === null)),
  );

/** Null when the program failed, ran out of time or memory, or wrote nothing: `-ss` behind the end is no error to it. */
async function run([program = "", ...args]: readonly string[], signal: AbortSignal): Promise<Buffer | null> {
  const child = spawn(program, args, { env: environment, stdio: ["ignore", "pipe", "ignore"] });
  const kill = () => child.kill("SIGKILL");
  const timer = setTimeout(kill, LONGEST_MS);
  signal.addEventListener("abort", kill, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) kill();
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
