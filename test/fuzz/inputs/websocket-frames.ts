import type { Source } from "../kit/source.js";

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameShape {
  readonly opcode: number;
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** Reserved bits (RFC 6455 §5.2). */
  readonly reserved?: number;
  /** A length that is not that of the payload. */
  readonly length?: bigint;
}

/** A frame as a client sends it (RFC 6455 §5.2), or as no client does. */
export function frameOf(payload: Buffer, shape: FrameShape): Buffer {
  const { opcode, isFinal = true, isMasked = true, reserved = 0, length = BigInt(payload.length) } = shape;
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = isMasked ? 0x80 : 0;
  const head =
    length < 126n
      ? Buffer.from([first, mask | Number(length)])
      : length < 65_536n
        ? Buffer.from([first, mask | 126, Number(length >> 8n), Number(length & 255n)])
        : Buffer.concat([Buffer.from([first, mask | 127]), bigEndian(length)]);
  // With a mask of zeros the payload stands there as it is.
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), payload]);
}

function bigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

export interface ReadFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The frames that a server has sent so far, and what is left of the bytes. */
export function readFrames(bytes: Buffer): { readonly frames: readonly ReadFrame[]; readonly rest: Buffer } {
  const frames: ReadFrame[] = [];
  let at = 0;
  for (;;) {
    if (bytes.length < at + 2) break;
    const short = bytes[at + 1]! & 0x7f;
    const [start, length] =
      short < 126
        ? [at + 2, short]
        : short === 126
          ? [at + 4, bytes.length < at + 4 ? Number.POSITIVE_INFINITY : bytes.readUInt16BE(at + 2)]
          : [
              at + 10,
              bytes.length < at + 10 ? Number.POSITIVE_INFINITY : Number(bytes.readBigUInt64BE(at + 2)),
            ];
    if (bytes.length < start + length) break;
    frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** A message, in one frame or in pieces. */
export function messageFrames(text: Buffer, source: Source): Buffer[] {
  if (source.chance(0.8) || text.length < 2) return [frameOf(text, { opcode: OPCODES.text })];
  const size = Math.max(1, Math.ceil(text.length / source.int(2, 50)));
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, n) =>
    text.subarray(n * size, (n + 1) * size),
  );
  return pieces.map((piece, n) =>
    frameOf(piece, {
      opcode: n === 0 ? OPCODES.text : OPCODES.continuation,
      isFinal: n === pieces.length - 1,
    }),
  );
}
