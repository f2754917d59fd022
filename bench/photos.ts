import { randomBytes } from "node:crypto";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { STAMP_BYTES } from "./load.js";

/** A JPEG with a comment that can be overwritten, so that one picture makes any number of different files. */
export interface Photo {
  readonly bytes: Buffer;
  /** The offset of the comment, which has `STAMP_BYTES`. */
  readonly stampAt: number;
}

const WIDTH = 1280;
const HEIGHT = 960;
const SOI_BYTES = 2;

interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** Makes a picture like those of phones: 1280 × 960, coarse shapes with fine grain, of about this size. */
export async function makePhoto(bytes: number): Promise<Photo> {
  const picture = await makePicture({ width: WIDTH, height: HEIGHT });
  let best = Buffer.alloc(0);
  for (let [low, high] = [10, 98]; low <= high; ) {
    const quality = (low + high) >> 1;
    const jpeg = await picture.clone().jpeg({ quality }).toBuffer();
    if (Math.abs(jpeg.length - bytes) < Math.abs(best.length - bytes)) best = jpeg;
    if (jpeg.length < bytes) low = quality + 1;
    else high = quality - 1;
  }
  return withComment(best);
}

/** Makes a picture like that of a phone with 12 megapixels: 4000 × 3000, rotated by its metadata. */
export async function makeLargePhoto(): Promise<Photo> {
  const picture = await makePicture({ width: 4_000, height: 3_000 });
  return withComment(await picture.jpeg({ quality: 88 }).withMetadata({ orientation: 6 }).toBuffer());
}

async function makePicture({ width, height }: Dimensions): Promise<Sharp> {
  const coarse = await sharp(randomBytes(16 * 12 * 3), { raw: { width: 16, height: 12, channels: 3 } })
    .resize(width, height, { kernel: "cubic" })
    .raw()
    .toBuffer();
  const grain = await sharp(randomBytes((width / 2) * (height / 2) * 3), {
    raw: { width: width / 2, height: height / 2, channels: 3 },
  })
    .resize(width, height)
    .raw()
    .toBuffer();
  const pixels = coarse.map((value, index) => value * 0.9 + (grain[index] ?? 0) * 0.1);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Inserts a comment segment (ITU-T T.81 §B.2.4.5) after the start of the image. */
function withComment(jpeg: Buffer): Photo {
  const segment = Buffer.alloc(4 + STAMP_BYTES, "0");
  segment.writeUInt16BE(0xff_fe);
  segment.writeUInt16BE(2 + STAMP_BYTES, 2);
  const bytes = Buffer.concat([jpeg.subarray(0, SOI_BYTES), segment, jpeg.subarray(SOI_BYTES)]);
  return { bytes, stampAt: SOI_BYTES + 4 };
}
