import type { Sequence } from "./door.js";

function without(sequence: Sequence, from: number, to: number): Sequence {
  return Buffer.isBuffer(sequence)
    ? Buffer.concat([sequence.subarray(0, from), sequence.subarray(to)])
    : [...sequence.slice(0, from), ...sequence.slice(to)];
}

/**
 * A shorter sequence with which the same still happens: pieces of it are left out, from halves down to single elements
 * (delta debugging, Zeller 2002).
 *
 * @param happens whether it still happens with the rest
 * @param tries how often that may be asked
 */
export async function shrink(
  sequence: Sequence,
  happens: (shorter: Sequence) => Promise<boolean>,
  tries: number,
): Promise<Sequence> {
  let kept = sequence;
  let left = tries;
  for (let piece = Math.ceil(kept.length / 2); piece >= 1 && left > 0; ) {
    let isShorter = false;
    for (let from = 0; from < kept.length && left > 0; left--) {
      const shorter = without(kept, from, Math.min(kept.length, from + piece));
      if (await happens(shorter)) {
        kept = shorter;
        isShorter = true;
      } else from += piece;
    }
    if (piece === 1 && !isShorter) break;
    piece = isShorter ? Math.min(piece, Math.ceil(kept.length / 2)) : Math.floor(piece / 2);
    if (kept.length === 0) break;
  }
  return kept;
}
