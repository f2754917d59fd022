import { MIB } from "../../../kernel/bytes.js";

/** Up to this size there is one part: what has to be sent again after a cut of the connection stays small. */
const ONE_PUT_BYTES = 64 * MIB;
/** Of all parts but the last, unless so large a file would have too many. */
const PART_BYTES = 16 * MIB;
/** So many that one answer has the URLs of all of them. */
export const MOST_PARTS = 100;
/** Of stores. */
const LARGEST_PART_BYTES = 5 * 1024 * MIB;
export const MAX_DIRECT_BYTES = MOST_PARTS * LARGEST_PART_BYTES;

/** One part of a file. */
export interface PartRange {
  /** From 1. */
  readonly number: number;
  /** Where it begins in the file, in bytes. */
  readonly offset: number;
  readonly size: number;
}

/** How large the parts of a file are, in whole MiB. */
export function partBytesOf(size: number): number {
  if (size <= ONE_PUT_BYTES) return ONE_PUT_BYTES;
  return Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS / MIB) * MIB);
}

export function partsOf(size: number, partBytes: number): PartRange[] {
  return Array.from({ length: Math.ceil(size / partBytes) }, (_, nth) => {
    const offset = nth * partBytes;
    return { number: nth + 1, offset, size: Math.min(partBytes, size - offset) };
  });
}
