import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import type { TakeFrame } from "../../../src/platform/video/take-frame.js";
import { findFrameTaker } from "../../../src/platform/video/take-frame.js";
import { hasFfmpeg, makeClip, turned } from "../../support/make-clips.js";
import { fixture } from "../../support/make-files.js";

const never = new AbortController().signal;
let folder: string;

async function onDisk(name: string, content: Buffer | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** Null without ffmpeg. */
let takeFrame: TakeFrame | null;

describe("take frame", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-frames-"));
    takeFrame = await findFrameTaker(undefined);
  });

  afterAll(() => rm(folder, { recursive: true }));

  describe("without ffmpeg", () => {
    it("there is nobody who takes pictures, and nothing fails", async () => {
      expect(await findFrameTaker("/nowhere/ffmpeg")).toBeNull();
      expect(await findFrameTaker("/bin/false")).toBeNull();
    });
  });

  (hasFfmpeg() ? describe : describe.skip)("a picture out of a video (ffmpeg)", () => {
    it.each(["clip.mp4", "clip.webm"])("is taken from %s", async (name) => {
      const picture = await takeFrame!(await onDisk(name, fixture(name)), never);
      const { dominant } = await sharp(picture!).stats();
      expect(await sharp(picture!).metadata()).toMatchObject({ format: "png", width: 96, height: 64 });
      expect(dominant).toBeDefined();
    });

    it("is turned as people see it", async () => {
      const path = await onDisk("turned.mp4", turned(fixture("clip.mp4")));
      expect(await sharp((await takeFrame!(path, never))!).metadata()).toMatchObject({
        width: 64,
        height: 96,
      });
    });

    it("is taken from a clip that is over before its first second", async () => {
      const path = await onDisk("short.mp4", await makeClip("short.mp4", { seconds: 0.3 }));
      expect(await takeFrame!(path, never)).not.toBeNull();
    });

    it("has 1920 pixels a side at most", async () => {
      const clip = await makeClip("large.mp4", { seconds: 0.1, source: "color=red:s=200x4000:r=10" });
      const picture = await takeFrame!(await onDisk("large.mp4", clip), never);
      expect(await sharp(picture!).metadata()).toMatchObject({ width: 96, height: 1920 });
    });

    it("is never taken by way of a playlist that calls itself a video", async () => {
      const secret = await onDisk("secret.mp4", fixture("clip.mp4"));
      const list = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${secret}\n#EXT-X-ENDLIST\n`;
      expect(await takeFrame!(await onDisk("list.mp4", list), never)).toBeNull();
      const concat = `ffconcat version 1.0\nfile '${secret}'\n`;
      expect(await takeFrame!(await onDisk("concat.mp4", concat), never)).toBeNull();
    });

    it.each([
      ["rubbish", async () => Buffer.alloc(5_000, "rubbish")],
      ["sound alone", () => makeClip("a.mp4", { source: "sine=f=440" })],
    ])("is none of %s", async (_what, make) => {
      expect(await takeFrame!(await onDisk("none.mp4", await make()), never)).toBeNull();
    });

    it("is given up when it is not wanted any more", async () => {
      const path = await onDisk("clip.mp4", fixture("clip.mp4"));
      const abort = new AbortController();
      const picture = takeFrame!(path, abort.signal);
      abort.abort(new Error("not wanted"));
      await expect(picture).rejects.toThrow("not wanted");
    });
  });
});
