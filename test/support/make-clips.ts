import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { present } from "./present.js";

const run = promisify(execFile);

/** Whether clips can be made here, and posters taken out of them. */
export const hasFfmpeg = (): boolean => present("ffmpeg", spawnSync("ffmpeg", ["-version"]).status === 0);

/**
 * A real clip, made by ffmpeg.
 *
 * @param name its ending decides the container
 * @param args between the input, of so many seconds, and the output
 */
export async function makeClip(
  name: string,
  { seconds = 1, source = "testsrc=s=96x64:r=10", args = [] as readonly string[] } = {},
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-clip-"));
  try {
    const path = join(folder, name);
    const input = ["-f", "lavfi", "-i", `${source}:d=${seconds}`];
    await run("ffmpeg", ["-v", "error", "-y", ...input, ...args, path]);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An MP4 whose pictures are to be turned by 90 degrees, as phones write it. */
export function turned(mp4: Buffer): Buffer {
  const bytes = Buffer.from(mp4);
  const at = bytes.indexOf("tkhd") + 4 + 40;
  const matrix = [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000];
  for (const [index, value] of matrix.entries()) bytes.writeInt32BE(value, at + 4 * index);
  return bytes;
}
