import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { thumbHashToRGBA } from "thumbhash";
import type { FileTypeName } from "../../../../src/modules/media/file-types.js";
import { inspectPicture } from "../../../../src/modules/media/pictures/inspect-picture.js";
import { render } from "../../../../src/modules/media/pictures/render.js";
import { cmykJpeg, deepPng, fourFields, wideGamutJpeg } from "../../../support/make-pictures.js";

const limits = { maxPixels: 50_000_000 };

const placeholderAt = async (bytes: Buffer, name: FileTypeName): Promise<string> =>
  (
    await inspectPicture(
      { head: bytes, size: bytes.length, temp: { path: "never read" }, type: { name } },
      limits,
    )
  ).placeholder;

const placeholderAfter = async (bytes: Buffer): Promise<string> =>
  (await render(bytes, [], { ...limits, timeoutSeconds: 30 })).placeholder;

/** How two placeholders differ where they are seen: the mean of all channels, 0 to 255. */
function difference(one: string, other: string): number {
  const [a, b] = [one, other].map((hash) => thumbHashToRGBA(Buffer.from(hash, "base64")));
  expect([a!.w, a!.h]).toEqual([b!.w, b!.h]);
  let sum = 0;
  for (const [index, value] of a!.rgba.entries()) sum += Math.abs(value - b!.rgba[index]!);
  return sum / a!.rgba.length;
}

const picture = { width: 1_203, height: 800 };
const turned = async (orientation: number) =>
  sharp(await fourFields(picture).png().toBuffer())
    .jpeg()
    .withMetadata({ orientation })
    .toBuffer();

describe("the placeholder that an upload has at once", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "shows an image upright, as the one that is rendered does: EXIF orientation %d",
    async (orientation) => {
      const bytes = await turned(orientation);
      expect(difference(await placeholderAt(bytes, "jpeg"), await placeholderAfter(bytes))).toBeLessThan(5);
      const other = await turned(orientation === 1 ? 3 : 1);
      if (orientation < 5)
        expect(
          difference(await placeholderAt(bytes, "jpeg"), await placeholderAt(other, "jpeg")),
        ).toBeGreaterThan(20);
    },
  );

  it.each<[what: string, name: FileTypeName, make: () => Promise<Buffer>]>([
    ["CMYK", "jpeg", () => cmykJpeg(600, 400)],
    ["a wide gamut", "jpeg", () => wideGamutJpeg(600, 400)],
    ["16 bits a channel", "png", () => deepPng({ width: 600, height: 400 })],
    ["transparency", "png", () => fourFields({ width: 600, height: 400, alpha: 0.2 }).png().toBuffer()],
    ["grey", "png", () => fourFields({ width: 600, height: 400 }).toColourspace("b-w").png().toBuffer()],
    ["few pixels", "png", () => fourFields({ width: 40, height: 40 }).png().toBuffer()],
    ["a long side", "png", () => fourFields({ width: 4_000, height: 16 }).png().toBuffer()],
  ])("has the colours of the one that is rendered: %s", async (_what, name, make) => {
    const bytes = await make();
    expect(difference(await placeholderAt(bytes, name), await placeholderAfter(bytes))).toBeLessThan(8);
  });

  it("is that of a JPEG whose end mark is missing as well", async () => {
    const bytes = await turned(1);
    const cut = bytes.subarray(0, -2);
    expect(difference(await placeholderAt(cut, "jpeg"), await placeholderAt(bytes, "jpeg"))).toBeLessThan(5);
  });
});
