import { availableParallelism } from "node:os";
import { fairTurns } from "../../../kernel/fair-turns.js";
import { tooLongSide, tooManyPixels } from "../media.errors.js";

/**
 * In pixels. The widest pictures of cameras, panoramas, have exactly this. Decoders work by rows: a picture of one
 * pixel by fifty million is no larger than a photo, but takes a hundred times as long.
 */
export const MAX_SIDE = 16_384;

/** Frames of an animation, pages of a TIFF. */
export const MAX_FRAMES = 2_000;

/** Concurrent decoders: one of libuv's four threads is always free for files, passwords and small pictures. */
const DECODERS = 3;
/** Of a processor of its own. A sound picture of 50 megapixels takes about a second, the largest of all take three. */
const DECODING_SECONDS = 10;

/**
 * How long the decoding of an upload may take by the clock, in whole seconds. Where this process has fewer processors than it may use at
 * once for decoders and the event loop, they share them, and each takes longer.
 */
export const decodeSecondsOn = (processors: number): number =>
  Math.ceil(DECODING_SECONDS * Math.max(1, (DECODERS + 1) / processors));

/** The same on this machine. It counts from the start of the decoding: waiting for a turn is not included. */
export const DECODE_SECONDS = decodeSecondsOn(availableParallelism());

/**
 * Companies take turns at the decoders, and none has all of one kind: a small file can be made to take long, and that
 * is to cost its own company's time. Proving leaves one for rendering, which takes longer; one company's renderings
 * and proofs leave one for the others.
 */
const onThreads = fairTurns({ total: DECODERS, perKey: DECODERS - 1 });
const proofs = fairTurns({ total: DECODERS - 1, perKey: 1 });

/** Proves a company's picture by decoding it, when its turn has come. */
export const withDecodeSlot = <Result>(companyId: string, decode: () => Promise<Result>): Promise<Result> =>
  proofs(companyId, () => onThreads(companyId, decode));

/** Renders a company's picture, when its turn has come. */
export const withRenderSlot = onThreads;

export interface PictureLimits {
  /** The largest picture, in pixels (width × height). */
  readonly maxPixels: number;
  /** The longest side, in pixels: MAX_SIDE without it. */
  readonly maxSide?: number | undefined;
}

/** @throws FILE_TOO_LARGE for a picture that is larger than allowed, by its area or by one side */
export function refuseLarge(
  { width, height }: { readonly width: number; readonly height: number },
  { maxPixels, maxSide = MAX_SIDE }: PictureLimits,
): void {
  if (width * height > maxPixels) throw tooManyPixels(maxPixels, width, height);
  if (Math.max(width, height) > maxSide) throw tooLongSide(maxSide, width, height);
}

/** Whether libvips stopped because of `Sharp.timeout`. */
export const ranOutOfTime = (error: unknown): boolean => /^timeout:/.test((error as Error).message);
