import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { bucketRules } from "../../../../../src/modules/media/buckets.js";
import { identify } from "../../../../../src/modules/media/ingest/identify/identify.js";
import { readExif } from "../../../../../src/modules/media/pictures/read-exif.js";
import type { TempFile } from "../../../../../src/platform/storage/temp-file.js";
import { fixture, makeJpeg, makePdf } from "../../../../support/make-files.js";
import { newTempFile, receiveBytes } from "../../../../support/received.js";
import { inspectIdentified } from "../../../../support/take-in.js";

const temps: TempFile[] = [];

async function metadataOf(content: Buffer, fileName: string) {
  const temp = newTempFile();
  temps.push(temp);
  const rules = bucketRules().ATTACHMENTS;
  const identified = await identify(await receiveBytes(temp, content, fileName), rules);
  return (await inspectIdentified(identified, { companyId: "acme", maxPixels: 50_000_000 })).metadata;
}

const photo = async (exif: object, format: "jpeg" | "webp" | "png" = "jpeg") =>
  sharp(await makeJpeg({ width: 32, height: 16 }))
    .withExif(exif as never)
    .toFormat(format)
    .toBuffer();

const phone = {
  IFD0: { Make: "Acme Optics", Model: "Field 2" },
  IFD2: { DateTimeOriginal: "2026:05:01 12:00:00", OffsetTimeOriginal: "+02:00" },
  IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 3230/100" },
};

describe("metadata", () => {
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
  });

  describe("what a photo says of itself", () => {
    it.each(["jpeg", "webp", "png"] as const)(
      "is kept from a %s, but for its place on earth",
      async (format) => {
        const metadata = await metadataOf(await photo(phone, format), `a.${format}`);
        expect(metadata).toMatchObject({
          cameraMake: "Acme Optics",
          cameraModel: "Field 2",
          takenAt: "2026-05-01T12:00:00+02:00",
        });
        expect(JSON.stringify(metadata)).not.toMatch(/gps|lat|51|3230/i);
      },
    );

    it("includes how its pixels are turned", async () => {
      expect(await metadataOf(await makeJpeg({ orientation: 6 }), "a.jpg")).toEqual({ orientation: 6 });
    });

    it("is nothing for a picture that says nothing", async () => {
      expect(await metadataOf(await makeJpeg(), "a.jpg")).toEqual({});
    });

    it("is short, in one line and without control characters", async () => {
      const bytes = await photo({ IFD0: { Make: "A\u001b[31m\nB\u0007C", Model: "x".repeat(5_000) } });
      const { cameraMake, cameraModel } = await metadataOf(bytes, "a.jpg");
      expect(cameraMake).toBe("A [31m B C");
      expect(cameraModel).toBe("x".repeat(100));
    });

    it.each(["0000:00:00 00:00:00", "2026:02:31 12:00:00", "yesterday", "2026:05:01 25:00:00"])(
      "has no moment when the clock says %s",
      async (time) => {
        expect(
          await metadataOf(await photo({ IFD2: { DateTimeOriginal: time } }), "a.jpg"),
        ).not.toHaveProperty("takenAt");
      },
    );
  });

  describe("an EXIF block that means harm", () => {
    const header = Buffer.from("45786966000049492a0008000000", "hex");

    it("that claims gigabytes of overlapping values costs nothing", () => {
      const entries = Array.from({ length: 5_000 }, (_, index) => {
        const entry = Buffer.alloc(12);
        entry.writeUInt16LE(index, 0);
        entry.writeUInt16LE(2, 2);
        entry.writeUInt32LE(0xffff_ffff, 4);
        entry.writeUInt32LE(8, 8);
        return entry;
      });
      const count = Buffer.alloc(2);
      count.writeUInt16LE(5_000);
      const before = performance.now();
      expect(readExif(Buffer.concat([header, count, ...entries]))).toBeDefined();
      // A millisecond; to read five thousand times four gigabytes takes hours.
      expect(performance.now() - before).toBeLessThan(60_000);
    });

    it("that points at itself, outside of itself or nowhere is read as far as it goes", () => {
      for (const length of [0, 1, 6, 8, 13, 14, 15, 20])
        expect(readExif(header.subarray(0, length))).toEqual({});
      for (let round = 0; round < 2_000; round++) {
        const block = Buffer.concat([header, randomBytes(300)]);
        block.writeUInt16LE(20, 14);
        for (let entry = 0; entry < 20; entry++) {
          block.writeUInt16LE([0x010f, 0x0110, 0x8769, 0x9003][entry % 4]!, 16 + entry * 12);
          block.writeUInt16LE([2, 4][entry % 2]!, 18 + entry * 12);
        }
        const texts = Object.values(readExif(block));
        for (const text of texts) expect(text).toMatch(/^[^\p{C}]{1,100}$/u);
      }
    });
  });

  describe("the pages of a PDF", () => {
    it("are counted by its table", async () => {
      expect(await metadataOf(makePdf(), "a.pdf")).toEqual({ pages: 1 });
      expect(await metadataOf(fixture("notes.pdf"), "a.pdf")).toEqual({ pages: expect.any(Number) });
    });

    it("are those of its last revision", async () => {
      const first = makePdf().toString("latin1");
      const start = /startxref\n(\d+)/.exec(first)![1];
      const added = "2 0 obj\n<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R] /Count 3 >>\nendobj\n";
      const at = first.length;
      const table = `xref\n2 1\n${String(at).padStart(10, "0")} 00000 n \n`;
      const trailer = `trailer\n<< /Size 6 /Root 1 0 R /Prev ${start} >>\nstartxref\n${at + added.length}\n%%EOF\n`;
      const revised = Buffer.from(first + added + table + trailer, "latin1");
      expect(await metadataOf(revised, "a.pdf")).toEqual({ pages: 3 });
    });

    it.each([
      ["its table is not where it says", (pdf: string) => pdf.replace(/startxref\n\d+/, "startxref\n7")],
      [
        "its tables go round in a circle",
        (pdf: string) => pdf.replace(/\/Root/, `/Prev ${/startxref\n(\d+)/.exec(pdf)![1]} /Root`),
      ],
      ["its count is another object", (pdf: string) => pdf.replace("/Count 1", "/Count 1 0 R")],
      ["its count is nonsense", (pdf: string) => pdf.replace("/Count 1", "/Count -1")],
      ["its pages are not there", (pdf: string) => pdf.replace("/Pages 2 0 R", "/Pages 9 0 R")],
    ])("are not told when %s", async (_why, harm) => {
      const harmed = Buffer.from(harm(makePdf().toString("latin1")), "latin1");
      expect(await metadataOf(harmed, "a.pdf")).toEqual({});
    });
  });
});
