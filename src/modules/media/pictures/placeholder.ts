import { rgbaToThumbHash } from "thumbhash";

/** Pixels in memory, 8 bits a channel: grey or sRGB, with or without alpha. */
export interface Raster {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

/** How a picture is displayed. */
export interface Displayed {
  /** Upright; only their ratio counts. */
  readonly width: number;
  readonly height: number;
  /** From how it is stored, as EXIF counts it; 1 is upright. */
  readonly orientation: number;
}

/** A ThumbHash keeps seven waves of a side at most: more pixels make it slower, not better. */
const SIDE = 32;

/** Pixels that are averaged for each of the placeholder, in each direction. */
const SAMPLES = 4;

/** The placeholder of a picture of at most 100 × 100 pixels, RGBA: its ThumbHash, about 25 bytes, in base64. */
export const thumbHashOf = ({ width, height, data }: Pick<Raster, "width" | "height" | "data">): string =>
  Buffer.from(rgbaToThumbHash(width, height, data)).toString("base64");

/** The placeholder from pixels that were decoded for another purpose: as they are stored, perhaps squeezed. */
export function placeholderOf(raster: Raster, displayed: Displayed): string {
  const scale = SIDE / Math.max(displayed.width, displayed.height);
  const width = Math.max(1, Math.round(displayed.width * scale));
  const height = Math.max(1, Math.round(displayed.height * scale));
  const data = new Uint8Array(width * height * 4);
  const stored = STORED_PLACE[displayed.orientation] ?? UPRIGHT;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const sums = [0, 0, 0, 0];
      for (let sample = 0; sample < SAMPLES ** 2; sample++) {
        const u = (column + ((sample % SAMPLES) + 0.5) / SAMPLES) / width;
        const v = (row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / height;
        addTo(sums, pixelAt(raster, stored(u, v)));
      }
      data.set(
        sums.map((sum) => sum / SAMPLES ** 2),
        (row * width + column) * 4,
      );
    }
  return thumbHashOf({ width, height, data });
}

/** From 0 to 1, from the left and from the top. */
type Place = readonly [x: number, y: number];

const UPRIGHT = (u: number, v: number): Place => [u, v];

/** Where a place of the displayed picture is stored, by its orientation (EXIF 2.32 §4.6.4). */
const STORED_PLACE: Readonly<Record<number, (u: number, v: number) => Place>> = {
  2: (u, v) => [1 - u, v],
  3: (u, v) => [1 - u, 1 - v],
  4: (u, v) => [u, 1 - v],
  5: (u, v) => [v, u],
  6: (u, v) => [v, 1 - u],
  7: (u, v) => [1 - v, 1 - u],
  8: (u, v) => [1 - v, u],
};

/** Red, green, blue, alpha. */
function pixelAt({ data, width, height, channels }: Raster, [x, y]: Place): readonly number[] {
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * channels;
  const value = (channel: number) => data[at + channel] ?? 0;
  if (channels < 3) return [value(0), value(0), value(0), channels === 2 ? value(1) : 255];
  return [value(0), value(1), value(2), channels === 4 ? value(3) : 255];
}

function addTo(sums: number[], values: readonly number[]): void {
  for (const [channel, value] of values.entries()) sums[channel] = (sums[channel] ?? 0) + value;
}
