import { afterEach, describe, expect, it } from "@jest/globals";
import { endOfImage } from "../../../../../src/modules/media/ingest/identify/image-end.js";
import { openFileBytes } from "../../../../../src/modules/media/ingest/receive/file-bytes.js";
import type { TempFile } from "../../../../../src/platform/storage/temp-file.js";
import { makeGif, makeJpeg, makePlainPng } from "../../../../support/make-files.js";
import { newTempFile, receiveBytes } from "../../../../support/received.js";

const temps: TempFile[] = [];

/** Walks a file on the disk, and counts how often something is fetched from there. */
async function walk(type: "jpeg" | "png" | "gif" | "webp", content: Buffer) {
  const temp = newTempFile();
  temps.push(temp);
  const bytes = openFileBytes(await receiveBytes(temp, content, "a"));
  let fetched = 0;
  let last: ArrayBufferLike | undefined;
  let at = -1;
  const count = (part: Buffer, from: number) => {
    const start = from - part.byteOffset;
    if (part.length > 0 && (part.buffer !== last || start !== at)) fetched += 1;
    [last, at] = [part.buffer, start];
    return part;
  };
  const counted = {
    ...bytes,
    read: async (from: number, length: number) => count(await bytes.read(from, length), from),
    readOn: async (from: number, least: number) => count(await bytes.readOn(from, least), from),
  };
  try {
    return { end: await endOfImage(type, counted), fetched };
  } finally {
    await bytes[Symbol.asyncDispose]();
  }
}

const repeat = (hex: string, times: number) => {
  const one = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return Buffer.alloc(one.length * times, one);
};

const COMMENT = { jpeg: `fffe 007a ${"20".repeat(120)}`, gif: `21fe 78 ${"20".repeat(120)} 00` };
const GIF_FRAME = "2c 00000000 0100 0100 00 02 02 4401 00";
/** As many as are taken, and longer than the part of the file that is in memory from the beginning. */
const MANY = 9_990;

const jpegWith = (jpeg: Buffer, middle: Buffer) =>
  Buffer.concat([jpeg.subarray(0, 2), middle, jpeg.subarray(2)]);
const gifOf = (...parts: Buffer[]) =>
  Buffer.concat([repeat("474946383961 0100 0100 00 00 00", 1), ...parts, Buffer.from(";")]);

describe("the walk to an image's end", () => {
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
  });

  it("finds it behind thousands of small segments, and reads each part of the file once", async () => {
    const jpeg = jpegWith(await makeJpeg(), repeat(COMMENT.jpeg, MANY));
    const gif = gifOf(repeat(COMMENT.gif, MANY), repeat(GIF_FRAME, 1));
    for (const [type, content] of [
      ["jpeg", jpeg],
      ["gif", gif],
    ] as const) {
      const { end, fetched } = await walk(type, Buffer.concat([content, Buffer.from("more")]));
      expect(end).toBe(content.length);
      expect(fetched).toBeLessThan(12);
    }
  });

  it("finds the same end wherever the borders of what is read at once fall", async () => {
    const [jpeg, gif] = [await makeJpeg(), await makeGif({ width: 640, height: 480 })];
    // Large parts up to shortly before the border, and small ones of every alignment across it.
    const large = {
      jpeg: repeat(`fffe ${(65_000).toString(16)} ${"20".repeat(64_998)}`, 4),
      gif: Buffer.concat([repeat("21fe", 1), repeat(`ff ${"20".repeat(255)}`, 1_015), repeat("00", 1)]),
    };
    for (let shift = 0; shift < 24; shift++) {
      const longer = jpegWith(jpeg, Buffer.concat([large.jpeg, padding(shift), repeat(COMMENT.jpeg, 200)]));
      expect((await walk("jpeg", longer)).end).toBe(longer.length);
      const animated = gifOf(
        large.gif,
        Buffer.from([0x21, 0xfe, shift + 1, ...Array(shift + 1).fill(32), 0]),
        repeat(COMMENT.gif, 200),
        repeat(GIF_FRAME, 3),
      );
      expect((await walk("gif", animated)).end).toBe(animated.length);
    }
    expect((await walk("gif", gif)).end).toBe(gif.length);
  });

  it("ends at a number of parts that no real image has", async () => {
    const png = makePlainPng();
    const emptyChunk = "00000000 74455874 00000000";
    for (const [type, most, content] of [
      ["jpeg", 10_000, jpegWith(await makeJpeg(), repeat("fffe 0002", 400_000))],
      ["gif", 10_000, gifOf(repeat("21fe 00", 400_000), repeat(GIF_FRAME, 1))],
      ["png", 50_000, Buffer.concat([png.subarray(0, 33), repeat(emptyChunk, 400_000), png.subarray(33)])],
      ["webp", 50_000, riff(repeat("45584946 00000000", 400_000))],
    ] as const)
      await expect(walk(type, content)).rejects.toMatchObject({
        code: "CORRUPT_FILE",
        message: expect.stringContaining(`more than ${most} parts`),
      });
  });

  it("ends at the first frame too many", async () => {
    await expect(walk("gif", gifOf(repeat(GIF_FRAME, 100_000)))).rejects.toMatchObject({
      code: "FILE_TOO_LARGE",
      details: { limit: 2_000, actual: 2_001, unit: "frames" },
    });
    await expect(walk("webp", riff(repeat("414e4d46 00000000", 2_001)))).rejects.toMatchObject({
      code: "FILE_TOO_LARGE",
      details: { limit: 2_000, actual: 2_001, unit: "frames" },
    });
    const most = gifOf(repeat(GIF_FRAME, 2_000));
    expect((await walk("gif", most)).end).toBe(most.length);
  });
});

function riff(chunks: Buffer): Buffer {
  const header = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  header.writeUInt32LE(4 + chunks.length, 4);
  return Buffer.concat([header, chunks]);
}

/** A comment of some length more. */
const padding = (length: number) => {
  const segment = Buffer.alloc(4 + length, 32);
  segment.writeUInt16BE(0xfffe, 0);
  segment.writeUInt16BE(2 + length, 2);
  return segment;
};
