import { fairTurns } from "../../kernel/fair-turns.js";
import { tooLongSide, tooManyPixels } from "./media.errors.js";

/**
 * In pixels. The widest pictures that cameras make, panoramas, have just this. Decoders work by rows: a picture of one
 * pixel by fifty million is no larger than a photo, and takes a hundred times as long.
 */
export const MAX_SIDE = 16_384;

/** How long the decoding of an upload may take. A sound picture of 50 megapixels takes about a second. */
export const PROVING_SECONDS = 10;

/**
 * Each decoding holds one of libuv's four threads, on which everybody's files, passwords and pictures wait. One
 * thread is never taken; of the others proving leaves one for rendering, which takes longer. Companies take turns: a
 * small file can be made to take long, and that is to cost its own company's time.
 */
const onThreads = fairTurns({ total: 3, perKey: 3 });
const proofs = fairTurns({ total: 2, perKey: 2 });

/** Proves a company's picture by decoding it, when its turn has come. */
export const inProofTurn = <Result>(companyId: string, decode: () => Promise<Result>): Promise<Result> =>
  proofs(companyId, () => onThreads(companyId, decode));

/** Renders a company's picture, when its turn has come. */
export const inRenderTurn = onThreads;

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

/** Whether libvips gave up because of `Sharp.timeout`. */
export const ranOutOfTime = (error: unknown): boolean => /^timeout:/.test((error as Error).message);
