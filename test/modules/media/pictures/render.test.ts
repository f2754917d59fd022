import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { thumbHashToAverageRGBA, thumbHashToRGBA } from "thumbhash";
import type { Bucket } from "../../../../src/modules/media/buckets.js";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import { presetsOf } from "../../../../src/modules/media/pictures/presets.js";
import { render } from "../../../../src/modules/media/pictures/render.js";
import { makePlainPng } from "../../../support/make-files.js";
import type { Rgb } from "../../../support/make-pictures.js";
import {
  animation,
  CORNERS,
  cmykJpeg,
  deepPng,
  fourFields,
  lookAt,
  rgb,
  rotatedPhoneJpeg,
  wideGamutJpeg,
} from "../../../support/make-pictures.js";

const rules = bucketRules();
const options = { maxPixels: 50_000_000, timeoutSeconds: 60 };

const renderFor = (bucket: Bucket, input: Buffer | string, mimeType = "image/jpeg") =>
  render(input, presetsOf(rules[bucket], mimeType), options);

/** Dimensions and forms, by name. */
const sizesOf = async (bucket: Bucket, input: Buffer | string) =>
  (await renderFor(bucket, input)).variants.map(
    ({ preset, width, height, extension }) => `${preset.name} ${width}×${height} ${extension}`,
  );

const MEAN = [0, 1, 2].map((channel) =>
  Math.round(Object.values(CORNERS).reduce((sum, hex) => sum + rgb(hex)[channel as 0]!, 0) / 4),
) as unknown as Rgb;

/** The most that a channel of 0 to 255 may be off. CMYK is converted twice, and printers have no bright colours. */
const NEAR = 12;
const CMYK_NEAR = 70;

const expectNear = (actual: readonly number[], wanted: readonly number[], tolerance: number) =>
  expect(Math.max(...wanted.map((value, index) => Math.abs(value - actual[index]!)))).toBeLessThanOrEqual(
    tolerance,
  );

/** Upright, in the right colours, and nothing else in the file. */
async function expectGolden(bytes: Buffer, form: string, tolerance = NEAR, mean: Rgb = MEAN) {
  const seen = await lookAt(bytes);
  expect([seen.format, seen.left]).toEqual([form, []]);
  for (const corner of Object.keys(CORNERS) as (keyof typeof CORNERS)[])
    if (seen.corners[corner][3] === 255) expectNear(seen.corners[corner], rgb(CORNERS[corner]), tolerance);
  expectNear(seen.mean, mean, tolerance);
  return seen;
}

describe("a rendering", () => {
  it("refuses a picture whose side is too long, which takes a hundred times as long as its area says", async () => {
    const ribbon = makePlainPng({ width: 1, height: 4_000_000 });
    await expect(renderFor("ATTACHMENTS", ribbon, "image/png")).rejects.toMatchObject({
      code: "FILE_TOO_LARGE",
      details: { limit: 16_384, actual: 4_000_000 },
    });
  });

  it("turns a rotated phone photo upright and leaves maker and place behind", async () => {
    const photo = await rotatedPhoneJpeg(1_500, 2_000);
    const original = await sharp(photo).metadata();
    expect([original.width, original.height, original.orientation]).toEqual([2_000, 1_500, 6]);
    expect(original.exif?.toString("latin1")).toContain("Phonemaker");
    const { variants } = await renderFor("ATTACHMENTS", photo);
    expect(variants.map(({ width, height }) => [width, height])).toEqual([
      [900, 1_200],
      [600, 800],
      [150, 200],
    ]);
    for (const { bytes, width, height } of variants) {
      const seen = await expectGolden(bytes, "jpeg");
      expect(seen).toMatchObject({ width, height, isProgressive: true });
      expect(bytes.toString("latin1")).not.toMatch(/Exif|Phonemaker|ICC_PROFILE/);
    }
  });

  it.each([
    ["a CMYK JPEG", () => cmykJpeg(1_600, 1_200), "image/jpeg", "jpeg", CMYK_NEAR],
    ["a wide-gamut JPEG", () => wideGamutJpeg(1_600, 1_200), "image/jpeg", "jpeg", 30],
    [
      "a 16-bit PNG without transparency",
      () => deepPng({ width: 1_600, height: 1_200 }),
      "image/png",
      "jpeg",
      NEAR,
    ],
    ["the first frame of an animated GIF", () => animation(1_600, 1_200, "gif"), "image/gif", "jpeg", NEAR],
    [
      "the first frame of an animated WebP",
      () => animation(1_600, 1_200, "webp"),
      "image/webp",
      "jpeg",
      NEAR,
    ],
  ])("makes sRGB of 8 bits of %s", async (_what, make, mimeType, form, tolerance) => {
    const { variants } = await renderFor("CHAT", await make(), mimeType);
    expect(variants.map(({ width, height }) => [width, height])).toEqual([
      [1_200, 900],
      [800, 600],
      [200, 150],
    ]);
    for (const { bytes } of variants) await expectGolden(bytes, form, tolerance);
  });

  it("converts the colours of a profile and does not merely drop it", async () => {
    const [large] = (await renderFor("CHAT", await wideGamutJpeg(400, 300))).variants;
    const [untouched] = (
      await renderFor("CHAT", await fourFields({ width: 400, height: 300 }).jpeg().toBuffer())
    ).variants;
    const [converted, plain] = [await lookAt(large!.bytes), await lookAt(untouched!.bytes)];
    expectNear(converted.mean, plain.mean, NEAR);
  });

  it("keeps what shows through of a 16-bit PNG, as WebP", async () => {
    const image = await deepPng({ width: 1_600, height: 1_200, alpha: 0 });
    expect((await sharp(image).metadata()).depth).toBe("ushort");
    const { variants } = await renderFor("PHOTOS", image, "image/png");
    const [red, green, blue] = rgb(CORNERS.topRight);
    const mean: Rgb = [MEAN[0] - red / 4, MEAN[1] - green / 4, MEAN[2] - blue / 4];
    for (const { bytes, mimeType } of variants) {
      expect(mimeType).toBe("image/webp");
      const seen = await expectGolden(bytes, "webp", NEAR, mean);
      expect(seen.corners.topRight[3]).toBe(0);
      expect(seen.corners.bottomRight[3]).toBe(255);
    }
  });

  it("reduces a photo of 48 megapixels from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-test-"));
    try {
      const path = join(folder, "photo.jpg");
      const small = await fourFields({ width: 800, height: 600 }).png().toBuffer();
      await writeFile(
        path,
        await sharp(small).resize(8_000, 6_000, { kernel: "nearest" }).jpeg({ quality: 70 }).toBuffer(),
      );
      const { variants } = await renderFor("ATTACHMENTS", path);
      expect(variants.map(({ width, height }) => [width, height])).toEqual([
        [1_200, 900],
        [800, 600],
        [200, 150],
      ]);
      for (const { bytes } of variants) await expectGolden(bytes, "jpeg");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("enlarges nothing but icons, whose size is promised", async () => {
    const small = await fourFields({ width: 300, height: 20 }).png().toBuffer();
    expect(await sizesOf("ATTACHMENTS", small)).toEqual([
      "large 300×20 jpg",
      "medium 300×20 jpg",
      "thumbnail 200×13 jpg",
    ]);
    expect(await sizesOf("COMPANY_LOGOS", small)).toEqual([
      "logo 300×20 webp",
      "logo-thumbnail 64×64 png",
      "favicon 32×32 png",
    ]);
  });

  it("cuts squares out of the middle, sharp even from a wide logo", async () => {
    const wide = await fourFields({ width: 3_000, height: 300, alpha: 0.5 }).png().toBuffer();
    expect(await sizesOf("COMPANY_LOGOS", wide)).toEqual([
      "logo 400×40 webp",
      "logo-thumbnail 64×64 png",
      "favicon 32×32 png",
    ]);
    for (const { bytes } of (await renderFor("COMPANY_LOGOS", wide)).variants.slice(1)) {
      const seen = await lookAt(bytes);
      expectNear(seen.corners.topLeft, rgb(CORNERS.topLeft), NEAR);
      expectNear(seen.corners.topRight, [...rgb(CORNERS.topRight), 128], NEAR);
      expectNear(seen.corners.bottomRight, rgb(CORNERS.bottomRight), NEAR);
    }
    const tall = await fourFields({ width: 480, height: 640 }).jpeg().toBuffer();
    expect(await sizesOf("AVATARS", tall)).toEqual(["thumbnail 150×200 jpg", "64x64 64×64 jpg"]);
  });

  it.each([
    ["grey", () => fourFields({ width: 640, height: 480 }).greyscale().jpeg().toBuffer()],
    [
      "grey with transparency",
      async () =>
        sharp(await fourFields({ width: 640, height: 480, alpha: 0 }).png().toBuffer())
          .toColourspace("b-w")
          .png()
          .toBuffer(),
    ],
    ["one pixel", () => fourFields({ width: 1, height: 1 }).png().toBuffer()],
    ["a palette", () => fourFields({ width: 640, height: 480 }).png({ palette: true }).toBuffer()],
    ["a ribbon", () => fourFields({ width: 9_000, height: 2 }).png().toBuffer()],
  ])("manages %s, in every bucket", async (_what, make) => {
    const image = await make();
    for (const bucket of ["ATTACHMENTS", "COMPANY_LOGOS", "AVATARS"] as const) {
      const { variants, placeholder } = await renderFor(bucket, image);
      for (const { bytes, width, height } of variants)
        expect(await sharp(bytes).metadata()).toMatchObject({ width, height });
      expect(placeholder.length).toBeGreaterThan(4);
    }
  });

  it("has a placeholder of the picture's colours and shape", async () => {
    const { placeholder } = await renderFor(
      "PHOTOS",
      await fourFields({ width: 1_200, height: 800 }).jpeg().toBuffer(),
    );
    const hash = Buffer.from(placeholder, "base64");
    expect(hash.length).toBeLessThanOrEqual(25);
    const { r, g, b, a } = thumbHashToAverageRGBA(hash);
    expectNear([r * 255, g * 255, b * 255], MEAN, 25);
    expect(a).toBe(1);
    const { w, h } = thumbHashToRGBA(hash);
    expect(w / h).toBeCloseTo(1.5, 0);
  });

  it("is the same each time", async () => {
    const photo = await rotatedPhoneJpeg(1_500, 2_000);
    const [first, second] = [await renderFor("PHOTOS", photo), await renderFor("PHOTOS", photo)];
    expect(second.variants.map(({ sha256 }) => sha256)).toEqual(first.variants.map(({ sha256 }) => sha256));
  });

  it("refuses more pixels than allowed and what does not decode", async () => {
    const image = await fourFields({ width: 640, height: 480 }).png().toBuffer();
    const presets = presetsOf(rules.PHOTOS, "image/png");
    await expect(render(image, presets, { ...options, maxPixels: 640 * 479 })).rejects.toThrow(/pixel limit/);
    await expect(render(image.subarray(0, 400), presets, options)).rejects.toThrow();
  });
});
