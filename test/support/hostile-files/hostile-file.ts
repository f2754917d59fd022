/** What a hostile file may be large: enough to do harm, and small enough to be sent by the dozen. */
const HOSTILE_BYTES = 1_000_000;

/** A file that is made to cost a reader as much as it can. */
export interface HostileFile {
  readonly what: string;
  readonly fileName: string;
  readonly make: () => Buffer;
}

/** A part, as often as it fits. */
export function repeat(part: Buffer | string, bytes = HOSTILE_BYTES): Buffer {
  const piece = Buffer.from(part as Buffer);
  return Buffer.alloc(Math.floor(bytes / piece.length) * piece.length, piece);
}

/** Bytes by their hexadecimal digits, between which spaces may stand. */
export const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");
