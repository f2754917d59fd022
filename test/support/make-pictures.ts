import type { Sharp } from "sharp";
import sharp from "sharp";

/** What stands in the corners of a picture, so that it shows which way up it is. */
export const CORNERS = {
  topLeft: "#e02020",
  topRight: "#20a040",
  bottomLeft: "#2040d0",
  bottomRight: "#e0c020",
};

export type Rgb = readonly [number, number, number];

export const rgb = (hex: string): Rgb => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
};

interface PictureOptions {
  readonly width: number;
  readonly height: number;
  /** Of the upper right corner; 1: opaque. */
  readonly alpha?: number;
}

/** Four fields of one colour each. */
export function fourFields({ width, height, alpha = 1 }: PictureOptions): Sharp {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const field = (background: string, left: number, top: number, opacity = 1) => {
    const [r, g, b] = rgb(background);
    return {
      input: {
        create: { width: w, height: h, channels: 4 as const, background: { r, g, b, alpha: opacity } },
      },
      left,
      top,
    };
  };
  const fields = [
    field(CORNERS.topLeft, 0, 0),
    field(CORNERS.topRight, width - w, 0, alpha),
    field(CORNERS.bottomLeft, 0, height - h),
    field(CORNERS.bottomRight, width - w, height - h),
  ];
  const blank = { r: 0, g: 0, b: 0, alpha: 0 };
  const picture = sharp({ create: { width, height, channels: 4, background: blank } }).composite(fields);
  return alpha === 1
    ? sharp({ create: { width, height, channels: 3, background: "#000" } }).composite(fields)
    : picture;
}

/** As a phone held upright writes it: lying on its side, with a note of that, a place on earth and a maker. */
export async function rotatedPhoneJpeg(width: number, height: number): Promise<Buffer> {
  // Orientation 6 says: turn clockwise to see it. So it is stored turned the other way.
  const upright = await fourFields({ width, height }).png().toBuffer();
  return sharp(upright)
    .rotate(270)
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .withExif({
      IFD0: { Make: "Phonemaker", Model: "P-1" },
      IFD3: {
        GPSLatitudeRef: "N",
        GPSLatitude: "52/1 30/1 0/1",
        GPSLongitudeRef: "E",
        GPSLongitude: "13/1 24/1 0/1",
      },
    })
    .withMetadata({ orientation: 6 })
    .toBuffer();
}

export const cmykJpeg = async (width: number, height: number): Promise<Buffer> =>
  sharp(await fourFields({ width, height }).png().toBuffer())
    .toColourspace("cmyk")
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .toBuffer();

export const deepPng = async (options: PictureOptions): Promise<Buffer> =>
  sharp(await fourFields(options).png().toBuffer())
    .toColourspace("rgb16")
    .png()
    .toBuffer();

/** A picture with a profile in which the same numbers mean stronger colours. */
export const wideGamutJpeg = async (width: number, height: number): Promise<Buffer> =>
  sharp(await fourFields({ width, height }).png().toBuffer())
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .withIccProfile("p3")
    .toBuffer();

/** The picture, and then frames of plain grey. */
export async function animation(width: number, height: number, form: "gif" | "webp"): Promise<Buffer> {
  const grey = sharp({ create: { width, height, channels: 3, background: "#808080" } });
  const frames = [
    await fourFields({ width, height }).png().toBuffer(),
    await grey.clone().png().toBuffer(),
    await grey.clone().modulate({ brightness: 1.2 }).png().toBuffer(),
  ];
  const joined = sharp(frames, { join: { animated: true } });
  return form === "gif" ? joined.gif().toBuffer() : joined.webp({ quality: 95 }).toBuffer();
}

export interface SeenPicture {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** The colour in the middle of each field, its transparency last. */
  readonly corners: Readonly<Record<keyof typeof CORNERS, readonly number[]>>;
  /** Of the whole picture, on black. */
  readonly mean: readonly number[];
  /** What it says besides the pixels. */
  readonly left: readonly string[];
  readonly isProgressive: boolean;
}

/** Looks at an encoded picture as it lies there, without turning it. */
export async function lookAt(bytes: Buffer): Promise<SeenPicture> {
  const { format, width, height, exif, icc, xmp, iptc, orientation, isProgressive, pages } =
    await sharp(bytes).metadata();
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => {
    const start = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 4;
    return [...data.subarray(start, start + 4)];
  };
  const { channels } = await sharp(bytes).flatten({ background: "#000" }).toColourspace("srgb").stats();
  return {
    format,
    width,
    height,
    corners: {
      topLeft: at(0.25, 0.25),
      topRight: at(0.75, 0.25),
      bottomLeft: at(0.25, 0.75),
      bottomRight: at(0.75, 0.75),
    },
    mean: channels.slice(0, 3).map((channel) => Math.round(channel.mean)),
    left: Object.entries({ exif, icc, xmp, iptc, orientation, pages: (pages ?? 1) > 1 || undefined })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name),
    isProgressive: isProgressive === true,
  };
}
