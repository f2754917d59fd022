import { stat } from "node:fs/promises";
import { setTimeout as pass } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../../src/modules/media/buckets.js";
import { identify } from "../../../../../src/modules/media/ingest/identify/identify.js";
import type { InspectOptions } from "../../../../../src/modules/media/ingest/inspect/inspect.js";
import { scan } from "../../../../../src/modules/media/ingest/scan.js";
import { scannerOff } from "../../../../../src/platform/scanner/off.js";
import type { Scanner } from "../../../../../src/platform/scanner/scanner.js";
import { ScanFault } from "../../../../../src/platform/scanner/scanner.js";
import type { TempFile } from "../../../../../src/platform/storage/temp-file.js";
import {
  fixture,
  makeBmp,
  makeGif,
  makeJpeg,
  makePlainPng,
  makePng,
  makeWebp,
} from "../../../../support/make-files.js";
import { newTempFile, receiveBytes } from "../../../../support/received.js";
import { inspectIdentified } from "../../../../support/take-in.js";

const { CHAT, PUBLIC_PAGES } = bucketRules();
const maxPixels = 50_000_000;

const temps: TempFile[] = [];

async function inspectBytes(
  content: Buffer | string,
  fileName: string,
  bucket = CHAT,
  options: InspectOptions = { companyId: "acme", maxPixels },
) {
  const temp = newTempFile();
  temps.push(temp);
  return inspectIdentified(await identify(await receiveBytes(temp, content, fileName), bucket), options);
}

const size = { width: 300, height: 200 };
const large = { width: 1600, height: 1200 };

const closed = (bytes: Buffer, end: number[]) =>
  Buffer.concat([bytes.subarray(0, Math.floor(bytes.length / 2)), Buffer.from(end)]);

function damaged(bytes: Buffer): Buffer {
  const middle = Math.floor(bytes.length / 2);
  bytes.fill(0, middle, middle + 100);
  return bytes;
}

describe("inspect", () => {
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
  });

  describe("inspect", () => {
    it.each([
      ["a.jpg", () => makeJpeg(size)],
      ["a.png", () => makePng(size)],
      ["a.gif", () => makeGif({ ...size, frames: 4 })],
      ["a.webp", () => makeWebp(size)],
      ["a.bmp", async () => makeBmp(size)],
    ])("learns the dimensions of %s", async (fileName, make) => {
      expect(await inspectBytes(await make(), fileName)).toMatchObject(size);
    });

    it.each([
      ["a.jpg", () => makeJpeg(large)],
      ["a.png", () => makePng(large)],
    ])("reads a large %s from the disk", async (fileName, make) => {
      expect(await inspectBytes(await make(), fileName)).toMatchObject(large);
    });

    it("gives the dimensions as people see them", async () => {
      expect(await inspectBytes(await makeJpeg({ ...size, orientation: 6 }), "a.jpg")).toMatchObject({
        width: 200,
        height: 300,
      });
    });

    it("has no dimensions for what is no image", async () => {
      expect(await inspectBytes(fixture("notes.pdf"), "a.pdf")).toMatchObject({ width: null, height: null });
    });

    it("refuses 16,000 × 16,000 pixels without decoding them", async () => {
      const image = makePlainPng({ width: 16_000, height: 16_000 });
      const before = process.memoryUsage().rss;
      await expect(inspectBytes(image, "a.png")).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        details: { limit: maxPixels, actual: 256_000_000, unit: "pixels" },
      });
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    });

    it("refuses a BMP of too many pixels", async () => {
      const bytes = makeBmp();
      bytes.writeInt32LE(100_000, 18);
      bytes.writeInt32LE(-100_000, 22);
      bytes.writeUInt32LE(1, 30);
      await expect(inspectBytes(bytes, "a.bmp")).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    });

    it.each([
      ["one pixel by 49 million", { width: 1, height: 49_000_000 }],
      ["25 million pixels by two", { width: 25_000_000, height: 2 }],
      ["one row of a pixel too many", { width: 16_385, height: 1 }],
    ])("refuses %s, whose area is small enough, without decoding them", async (_what, dimensions) => {
      const undecodable = makePlainPng(dimensions);
      const pixels = undecodable.indexOf("IDAT") + "IDAT".length;
      undecodable.fill(0xff, pixels, pixels + 10);
      const unlimited = { companyId: "acme", maxPixels: 1e9, maxSide: 1e9 };
      await expect(inspectBytes(undecodable, "a.png", CHAT, unlimited)).rejects.toMatchObject({
        code: "CORRUPT_FILE",
      });
      await expect(inspectBytes(undecodable, "a.png")).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        message: expect.stringContaining("16384 are allowed on each side"),
        details: { limit: 16_384, actual: Math.max(dimensions.width, dimensions.height) },
      });
    });

    it("takes a panorama of the longest side, either way", async () => {
      for (const dimensions of [
        { width: 16_384, height: 100 },
        { width: 100, height: 16_384 },
      ])
        expect(await inspectBytes(makePlainPng(dimensions), "a.png")).toMatchObject(dimensions);
    });

    it("refuses a BMP with a side that is too long", async () => {
      const bytes = makeBmp({ width: 1, height: 20_000 });
      await expect(inspectBytes(bytes, "a.bmp")).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        details: { limit: 16_384, actual: 20_000, unit: "pixels per side" },
      });
    });

    it("gives up on an image that takes too long, and says so", async () => {
      // A gigapixel: several seconds of work, if it were allowed.
      const image = makePlainPng({ width: 16_384, height: 60_000 });
      const limits = { companyId: "acme", maxPixels: 2_000_000_000, maxSide: 60_000, decodingSeconds: 1 };
      await expect(inspectBytes(image, "a.png", CHAT, limits)).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        message: expect.stringContaining("cannot be decoded within the 1 seconds"),
        details: { limit: 1, unit: "seconds" },
      });
    });

    it("leaves threads for everybody else while it decodes", async () => {
      const image = makePlainPng({ width: 16_384, height: 8_192 });
      const limits = { companyId: "acme", maxPixels: 2_000_000_000 };
      let done = 0;
      const decodings = Array.from({ length: 6 }, () =>
        inspectBytes(image, "a.png", CHAT, limits).then(() => {
          done += 1;
        }),
      );
      // They are under way, as many of them as may be.
      let answers = 0;
      while (done === 0) {
        await pass(20);
        await stat(".");
        if (done === 0) answers += 1;
      }
      // Were all threads decoding, none would be free before the first has done.
      expect(answers).toBeGreaterThan(2);
      await Promise.all(decodings);
    });

    it("refuses an animation of too many frames", async () => {
      const frame = Buffer.from("2c00000000010001000002024401 00".replace(" ", ""), "hex");
      const head = Buffer.from("474946383961010001008000000000 00ffffff".replace(" ", ""), "hex");
      const gif = Buffer.concat([head, ...Array.from({ length: 2_001 }, () => frame), Buffer.from(";")]);
      await expect(inspectBytes(gif, "a.gif")).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        details: { limit: 2_000, actual: 2_001, unit: "frames" },
      });
    });

    it.each([
      ["a JPEG that was cut and closed again", "a.jpg", async () => closed(await makeJpeg(), [0xff, 0xd9])],
      [
        "a large JPEG that was cut and closed again",
        "a.jpg",
        async () => closed(await makeJpeg(large), [0xff, 0xd9]),
      ],
      ["a PNG whose pixels are damaged", "a.png", async () => damaged(await makePng())],
      [
        "a GIF without an image",
        "a.gif",
        async () => Buffer.from("47494638396101000100000000 3b".replace(" ", ""), "hex"),
      ],
      [
        "a WebP whose pixels are missing",
        "a.webp",
        async () => Buffer.from("RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0", "latin1"),
      ],
      ["a BMP without its pixels", "a.bmp", async () => makeBmp().subarray(0, 80)],
      ["a BMP without its header", "a.bmp", async () => makeBmp().subarray(0, 20)],
    ])("refuses %s", async (_what, fileName, make) => {
      await expect(inspectBytes(await make(), fileName)).rejects.toMatchObject({ code: "CORRUPT_FILE" });
    });

    it("takes a JPEG with bytes between its segments, as some phones write them", async () => {
      const jpeg = await makeJpeg(size);
      const odd = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(6), jpeg.subarray(-2)]);
      expect(await inspectBytes(odd, "a.jpg")).toMatchObject(size);
    });

    it("takes an SVG by its own size, and none that a decoder cannot draw in time or memory", async () => {
      const svg = (attributes: string, content = "") =>
        `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${content}</svg>`;
      const judge = (text: string, decodingSeconds = 10) =>
        inspectBytes(text, "a.svg", PUBLIC_PAGES, { companyId: "acme", maxPixels, decodingSeconds });
      expect(await judge(svg('viewBox="0 0 30 20"', '<path d="M0 0h9"/>'))).toMatchObject({
        width: 30,
        height: 20,
        type: { name: "svg" },
      });
      for (const [attributes, code] of [
        ["", "CORRUPT_FILE"],
        ['width="20000" height="20000"', "FILE_TOO_LARGE"],
      ] as const)
        await expect(judge(svg(attributes))).rejects.toMatchObject({ code });
      // Small pictures that take long: filters over filters, which libvips cannot interrupt.
      const filters = Array.from(
        { length: 400 },
        (_, n) => `<feTurbulence baseFrequency="0.${n + 1}" numOctaves="200"/>`,
      );
      const slow = svg(
        'width="4000" height="4000"',
        `<filter id="f" x="0" y="0" width="1" height="1">${filters.join("")}</filter>
        <rect width="4000" height="4000" filter="url(#f)"/>`,
      );
      await expect(judge(slow, 1)).rejects.toMatchObject({
        code: "FILE_TOO_LARGE",
        details: { unit: "seconds" },
      });
    });
  });

  describe("scan", () => {
    const scanWith = async (scanner: Partial<Scanner>, scanInlineBytes = 1_000) => {
      const found: string[] = [];
      const scanned = scan(await inspectBytes("hello", "a.txt"), {
        scanner: { ...scannerOff, isOn: true, ...scanner },
        scanInlineBytes,
        log: { warn() {} },
        isReleased: async () => false,
        onInfected: async (signature) => void found.push(signature),
      });
      return { found, scanned };
    };

    it("says honestly that nothing was scanned", async () => {
      const { scanned } = await scanWith(scannerOff);
      expect((await scanned).scanStatus).toBe("NOT_SCANNED");
    });

    it("hands the scanner the whole file and believes it", async () => {
      let seen = "";
      const { scanned } = await scanWith({
        async scan({ open }) {
          for await (const chunk of await open()) seen += String(chunk);
          return { status: "clean" };
        },
      });
      expect([(await scanned).scanStatus, seen]).toEqual(["CLEAN", "hello"]);
    });

    it("refuses an infected file, and has it recorded", async () => {
      const { scanned, found } = await scanWith({
        scan: async () => ({ status: "infected", signature: "Test" }),
      });
      await expect(scanned).rejects.toMatchObject({ code: "FILE_INFECTED", status: 422 });
      expect(found).toEqual(["Test"]);
    });

    it("takes a scanner that fails neither for one that found nothing nor for a detection", async () => {
      const { scanned } = await scanWith({
        async scan() {
          throw new ScanFault("the scanner is down");
        },
      });
      expect((await scanned).scanStatus).toBe("PENDING");
    });

    it("leaves a large file to the job", async () => {
      const { scanned } = await scanWith({ scan: () => Promise.reject(new Error("was asked")) }, 4);
      expect((await scanned).scanStatus).toBe("PENDING");
    });
  });
});
