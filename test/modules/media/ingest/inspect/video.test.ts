import { afterEach, describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../../src/modules/media/buckets.js";
import { identify } from "../../../../../src/modules/media/ingest/identify/identify.js";
import type { TempFile } from "../../../../../src/platform/storage/temp-file.js";
import { hasFfmpeg, makeClip, turned } from "../../../../support/make-clips.js";
import { fixture, makeJpeg } from "../../../../support/make-files.js";
import { newTempFile, receiveBytes } from "../../../../support/received.js";
import { inspectIdentified } from "../../../../support/take-in.js";

const { VIDEOS, ATTACHMENTS, PHOTOS } = bucketRules();
const maxPixels = 50_000_000;

const temps: TempFile[] = [];

async function takeIn(content: Buffer | string, fileName: string, rules = VIDEOS) {
  const temp = newTempFile();
  temps.push(temp);
  const identified = await identify(await receiveBytes(temp, content, fileName), rules);
  return inspectIdentified(identified, { companyId: "acme", maxPixels, maxSeconds: rules.maxSeconds });
}

const mp4 = fixture("clip.mp4");
const webm = fixture("clip.webm");

/** A box as an MP4 has it. */
function box(type: string, ...content: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.reduce((sum, part) => sum + part.length, 0));
  header.write(type, 4, "latin1");
  return Buffer.concat([header, ...content]);
}

/** Sets a figure behind the name of a box. */
function patched(bytes: Buffer, type: string, offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(value, copy.indexOf(type) + 4 + offset);
  return copy;
}

describe("video", () => {
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
  });

  describe("a video", () => {
    it("is described: dimensions, duration, codecs", async () => {
      expect(await takeIn(mp4, "a.mp4")).toMatchObject({
        type: { mimeType: "video/mp4" },
        width: 96,
        height: 64,
        durationMs: 1500,
        metadata: { videoCodec: "avc", audioCodec: "aac" },
      });
      expect(await takeIn(webm, "a.webm")).toMatchObject({
        type: { mimeType: "video/webm" },
        width: 96,
        height: 64,
        durationMs: 1500,
        metadata: { videoCodec: "vp9" },
      });
    });

    it("has the dimensions that people see", async () => {
      expect(await takeIn(turned(mp4), "a.mp4")).toMatchObject({ width: 64, height: 96 });
    });

    it("is QuickTime when it says so, whatever mp4 players think", async () => {
      const mov = Buffer.from(mp4);
      mov.write("qt  ", 8, "latin1");
      expect(await takeIn(mov, "a.mov")).toMatchObject({ type: { mimeType: "video/quicktime" } });
      expect(await takeIn(mov, "a.mp4")).toMatchObject({ fileName: "a.mov" });
    });

    it.each(["M4V ", "3gp6", "mp42", "isom", "MSNV", "new1"])(
      "is taken for an MP4 whatever its brand: %s",
      async (brand) => {
        const branded = Buffer.from(mp4);
        branded.write(brand, 8, "latin1");
        for (const name of ["a.mp4", "a.m4v", "a.3gp"])
          expect(await takeIn(branded, name)).toMatchObject({
            type: { mimeType: "video/mp4" },
            durationMs: 1500,
          });
      },
    );

    it.each(["free", "wide", "skip"])("is QuickTime without a brand, behind a box '%s'", async (type) => {
      const unbranded = Buffer.from(mp4);
      unbranded.write(type, 4, "latin1");
      expect(await takeIn(unbranded, "a.mov")).toMatchObject({
        type: { mimeType: "video/quicktime" },
        width: 96,
        durationMs: 1500,
      });
    });

    it("is QuickTime when it begins with its index", async () => {
      const at = mp4.indexOf("moov") - 4;
      const end = at + mp4.readUInt32BE(at);
      const first = Buffer.concat([mp4.subarray(at, end), mp4.subarray(32, at), mp4.subarray(end)]);
      expect(await takeIn(first, "a.mov")).toMatchObject({ type: { mimeType: "video/quicktime" } });
    });

    it("is not taken for what has the same structure: pictures, raw photos", async () => {
      for (const brand of ["avif", "crx "]) {
        const branded = Buffer.from(mp4);
        branded.write(brand, 8, "latin1");
        await expect(takeIn(branded, "a.mp4")).rejects.toMatchObject({ code: "UNSUPPORTED_FILE_TYPE" });
      }
    });

    it("is not seen in a text that has the letters of a box", async () => {
      expect(await takeIn("The free lamp flickers", "a.txt", ATTACHMENTS)).toMatchObject({
        type: { mimeType: "text/plain" },
      });
    });

    it.each([
      ["a clip that is called a photo", mp4, "a.jpg"],
      ["a clip that is called a program", webm, "a.exe"],
    ])("is refused under another kind's name: %s", async (_what, bytes, name) => {
      await expect(takeIn(bytes, name)).rejects.toMatchObject({ code: "FILE_TYPE_MISMATCH" });
    });

    it.each([
      ["an MP4 that is called WebM", mp4, "a.webm", "a.mp4"],
      ["a WebM that is called MP4", webm, "a.mp4", "a.webm"],
      ["an MP4 that is called QuickTime", mp4, "a.MOV", "a.mp4"],
    ])("is taken under a relative's name, which is corrected: %s", async (_what, bytes, given, fileName) => {
      expect(await takeIn(bytes, given)).toMatchObject({ fileName });
    });

    it("is refused where videos are not taken", async () => {
      await expect(takeIn(mp4, "a.mp4", PHOTOS)).rejects.toMatchObject({
        code: "UNSUPPORTED_FILE_TYPE",
      });
    });

    it.each([
      ["a photo", () => makeJpeg(), "a.jpg"],
      ["a text", async () => "hello", "a.mp4"],
      ["a playlist", async () => "#EXTM3U\n/etc/passwd\n", "a.mp4"],
    ])("is the only thing that its bucket takes: not %s", async (_what, make, name) => {
      await expect(takeIn(await make(), name)).rejects.toMatchObject({ code: "UNSUPPORTED_FILE_TYPE" });
    });

    it.each([
      ["an MP4 that was cut off", mp4.subarray(0, -1), "a.mp4"],
      ["an MP4 that was cut off early", mp4.subarray(0, 600), "a.mp4"],
      ["a WebM that was cut off", webm.subarray(0, -1), "a.webm"],
      [
        "an MP4 without its index",
        Buffer.concat([mp4.subarray(0, 32), box("mdat", Buffer.alloc(500))]),
        "a.mp4",
      ],
      ["an MP4 with two indexes", withTwoIndexes(), "a.mp4"],
      [
        "an index of rubbish",
        Buffer.concat([mp4.subarray(0, 32), box("moov", Buffer.alloc(500, 7))]),
        "a.mp4",
      ],
      ["a WebM of rubbish", Buffer.concat([webm.subarray(0, 60), Buffer.alloc(500, 7)]), "a.webm"],
    ])("is refused when it is broken: %s", async (_what, bytes, name) => {
      await expect(takeIn(bytes, name)).rejects.toMatchObject({
        code: expect.stringMatching(/^(CORRUPT_FILE|UNSUPPORTED_FILE_TYPE)$/),
      });
    });

    it("is known for broken, not for foreign, when its end is missing", async () => {
      await expect(takeIn(mp4.subarray(0, -1), "a.mp4")).rejects.toMatchObject({
        code: "CORRUPT_FILE",
        status: 422,
        message: expect.stringContaining("ends too early"),
      });
    });

    it("is refused when it is longer than its bucket allows, whatever its header says", async () => {
      // Each picture is told to last a hundred times as long; the header keeps its second and a half.
      const long = patched(mp4, "stts", 12, mp4.readUInt32BE(mp4.indexOf("stts") + 16) * 100);
      await expect(takeIn(long, "a.mp4")).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        details: { limit: 120, actual: 149.9, unit: "seconds" },
      });
      await expect(takeIn(mp4, "a.mp4", { ...VIDEOS, maxSeconds: 1 })).resolves.toBeDefined();
      await expect(takeIn(patchedTwice(), "a.mp4", { ...VIDEOS, maxSeconds: 1 })).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
      });
    });

    it("cannot fill the memory with an index that counts what is not there", async () => {
      const before = process.memoryUsage().rss;
      const pictures = patched(mp4, "stts", 8, 0xffff_ffff);
      await expect(takeIn(pictures, "a.mp4")).rejects.toMatchObject({ code: "CORRUPT_FILE" });
      // version, flags and four billion samples of which nothing more is said
      const run = box("trun", Buffer.from("00000000ffffffff", "hex"));
      const header = box("tfhd", Buffer.from("0002000000000001", "hex"));
      const fragment = box("moof", box("traf", header, run));
      const fragmented = Buffer.concat([withExtension(), fragment, box("mdat", Buffer.alloc(16))]);
      await expect(takeIn(fragmented, "a.mp4")).rejects.toMatchObject({ code: "CORRUPT_FILE" });
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    });

    it("that sends its reader round in a circle holds up nobody, and is refused", async () => {
      // A live recording, whose end is not known, with bytes behind it in which the demuxer looks for a beginning.
      const at = webm.indexOf(Buffer.from("18538067", "hex")) + 4;
      const live = Buffer.concat([
        webm.subarray(0, at),
        Buffer.from("01ffffffffffffff", "hex"),
        webm.subarray(at + 8),
      ]);
      const taking = takeIn(Buffer.concat([live, Buffer.alloc(5_000)]), "a.webm").catch(
        (error: unknown) => error,
      );
      let turns = 0;
      const turning = setInterval(() => turns++, 10);
      const outcome = await taking;
      clearInterval(turning);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "CORRUPT_FILE" });
      expect(turns).toBeGreaterThan(0);
    });

    it("hides no second file behind its end", async () => {
      const page = Buffer.from("<html><script>alert(1)</script></html>");
      await expect(takeIn(Buffer.concat([mp4, Buffer.alloc(4), page]), "a.mp4")).rejects.toMatchObject({
        code: "FILE_TYPE_MISMATCH",
      });
      await expect(takeIn(Buffer.concat([webm, page]), "a.webm")).rejects.toMatchObject({
        code: "FILE_TYPE_MISMATCH",
      });
    });
  });

  (hasFfmpeg() ? describe : describe.skip)("a clip that was just made (ffmpeg)", () => {
    it("of sound alone is no video", async () => {
      const sound = await makeClip("a.mp4", { source: "sine=f=440" });
      await expect(takeIn(sound, "a.mp4")).rejects.toMatchObject({
        code: "UNSUPPORTED_FILE_TYPE",
        message: expect.stringContaining("no video"),
      });
    });

    it.each([
      ["fragments, as browsers record it", "a.mp4", ["-movflags", "frag_keyframe+empty_moov"]],
      ["QuickTime", "a.mov", []],
      ["a live WebM, which does not tell its length", "a.webm", ["-c:v", "libvpx", "-live", "1"]],
    ])("is taken as %s", async (_what, name, args) => {
      const clip = await makeClip(name, { seconds: 2, args });
      const { durationMs, width } = await takeIn(clip, name);
      expect(width).toBe(96);
      expect(durationMs).toBeGreaterThanOrEqual(1_900);
      expect(durationMs).toBeLessThanOrEqual(2_300);
    });

    it("of 121 seconds is too long, and of 120 is not", async () => {
      const make = (seconds: number) => makeClip("a.mp4", { seconds, source: "testsrc=s=32x32:r=2" });
      await expect(takeIn(await make(121), "a.mp4")).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        details: { limit: 120, unit: "seconds" },
      });
      expect(await takeIn(await make(120), "a.mp4")).toMatchObject({ durationMs: 120_000 });
    });

    it("in Matroska is not taken for WebM", async () => {
      const clip = await makeClip("a.mkv");
      await expect(takeIn(clip, "a.webm")).rejects.toMatchObject({ code: "UNSUPPORTED_FILE_TYPE" });
    });
  });
});

function withTwoIndexes(): Buffer {
  const at = mp4.indexOf("moov") - 4;
  const index = mp4.subarray(at, at + mp4.readUInt32BE(at));
  return Buffer.concat([mp4, index]);
}

/** Says that fragments follow. */
function withExtension(): Buffer {
  const at = mp4.indexOf("moov") - 4;
  const end = at + mp4.readUInt32BE(at);
  const index = box("moov", mp4.subarray(at + 8, end), box("mvex", Buffer.alloc(0)));
  return Buffer.concat([mp4.subarray(0, at), index, mp4.subarray(end)]);
}

const patchedTwice = () => patched(mp4, "stts", 12, mp4.readUInt32BE(mp4.indexOf("stts") + 16) * 2);
