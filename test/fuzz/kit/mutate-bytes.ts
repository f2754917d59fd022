import type { Source } from "./source.js";

type Mutation = (bytes: Buffer, source: Source) => Buffer;

/** Values at which readers of numbers change their minds. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const WIDTHS = [1, 2, 4, 8] as const;

const at = (bytes: Buffer, source: Source): number => {
  // Heads and ends decide what a file is taken for.
  const near = Math.min(bytes.length - 1, 256);
  const where = source.next();
  if (where < 0.4) return source.int(0, near);
  if (where < 0.6) return bytes.length - 1 - source.int(0, near);
  return source.int(0, bytes.length - 1);
};

const rangeIn = (bytes: Buffer, source: Source): Buffer => {
  const from = at(bytes, source);
  return bytes.subarray(from, from + source.size(Math.min(4_096, bytes.length)));
};

const inserted = (bytes: Buffer, position: number, piece: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, position), piece, bytes.subarray(position)]);

const flipBits: Mutation = (bytes, source) => {
  const changed = Buffer.from(bytes);
  for (let n = source.size(16); n > 0; n--) {
    const position = at(bytes, source);
    changed[position] = changed[position]! ^ (1 << source.int(0, 7));
  }
  return changed;
};

const setBytes: Mutation = (bytes, source) => {
  const changed = Buffer.from(bytes);
  for (let n = source.size(8); n > 0; n--)
    changed[at(bytes, source)] = source.one([0, 0xff, source.int(0, 255)]);
  return changed;
};

/** Writes a number at the edge of its range where a length or an offset may be. */
const editNumber: Mutation = (bytes, source) => {
  const width = source.one(WIDTHS);
  if (bytes.length < width) return bytes;
  const changed = Buffer.from(bytes);
  const position = Math.min(at(bytes, source), bytes.length - width);
  const value = BigInt(source.one([...EDGES, bytes.length, bytes.length - 1, bytes.length + 1]));
  const field = Buffer.alloc(8);
  const isBig = source.chance(0.5);
  const wanted = BigInt.asUintN(8 * width, source.chance(0.2) ? -value : value);
  if (isBig) field.writeBigUInt64BE(wanted);
  else field.writeBigUInt64LE(wanted);
  (isBig ? field.subarray(8 - width) : field.subarray(0, width)).copy(changed, position);
  return changed;
};

const truncate: Mutation = (bytes, source) =>
  source.chance(0.7) ? bytes.subarray(0, at(bytes, source)) : bytes.subarray(at(bytes, source));

const removeRange: Mutation = (bytes, source) => {
  const from = at(bytes, source);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + source.size(1_024))]);
};

const duplicateRange: Mutation = (bytes, source) => {
  const range = rangeIn(bytes, source);
  const times = Math.min(source.size(300), Math.floor(100_000 / Math.max(1, range.length)));
  return inserted(bytes, at(bytes, source), Buffer.concat(Array.from({ length: times }, () => range)));
};

const moveRange: Mutation = (bytes, source) => inserted(bytes, at(bytes, source), rangeIn(bytes, source));

const insertNoise: Mutation = (bytes, source) =>
  inserted(bytes, at(bytes, source), source.bytes(source.size(200)));

const append: Mutation = (bytes, source) =>
  Buffer.concat([
    bytes,
    source.one([Buffer.alloc(source.size(100_000)), source.bytes(source.size(500)), bytes]),
  ]);

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  setBytes,
  editNumber,
  editNumber,
  editNumber,
  truncate,
  removeRange,
  duplicateRange,
  moveRange,
  insertNoise,
  append,
];

/** Bytes with some of them changed, moved, doubled or left out, at any place, whatever they mean. */
export function mutateBytes(bytes: Buffer, source: Source, most = 4): Buffer {
  let changed = bytes;
  for (let n = source.int(1, most); n > 0; n--)
    changed = changed.length === 0 ? source.bytes(source.size(50)) : source.one(MUTATIONS)(changed, source);
  return changed;
}

/** Begins as one, ends as the other. */
export const splice = (one: Buffer, other: Buffer, source: Source): Buffer =>
  Buffer.concat([one.subarray(0, at(one, source)), other.subarray(at(other, source))]);
