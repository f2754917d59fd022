/** A piece of a file whose length is written in it: a chunk of a PNG, a box of an MP4, a segment of a JPEG. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  /** Where its content begins. */
  readonly content: number;
}

const MOST_PIECES = 2_000;

function walk(bytes: Buffer, start: number, next: (at: number) => Piece | null): Piece[] {
  const pieces: Piece[] = [];
  for (let at = start; at < bytes.length && pieces.length < MOST_PIECES; ) {
    const piece = next(at);
    if (!piece || piece.to <= at || piece.to > bytes.length) break;
    pieces.push(piece);
    at = piece.to;
  }
  return pieces;
}

export const PNG_SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

/** The pieces of a file, by the structure that its first bytes promise; none for kinds that have none. */
export function piecesOf(bytes: Buffer): Piece[] {
  if (bytes.length < 16) return [];
  const head = bytes.toString("latin1", 0, 16);
  if (bytes.subarray(0, 8).equals(PNG_SIGNATURE))
    return walk(bytes, 8, (at) =>
      at + 12 > bytes.length ? null : { from: at, to: at + 12 + bytes.readUInt32BE(at), content: at + 8 },
    );
  if (head.startsWith("RIFF"))
    return walk(bytes, 12, (at) => {
      if (at + 8 > bytes.length) return null;
      const size = bytes.readUInt32LE(at + 4);
      return { from: at, to: at + 8 + size + (size % 2), content: at + 8 };
    });
  if (head.startsWith("\xff\xd8"))
    return walk(bytes, 2, (at) =>
      at + 4 > bytes.length || bytes[at] !== 0xff
        ? null
        : { from: at, to: at + 2 + bytes.readUInt16BE(at + 2), content: at + 4 },
    );
  if (head.slice(4, 8) === "ftyp") return boxesOf(bytes, 0, bytes.length);
  if (head.startsWith("PK")) return startsOf(bytes, ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06"]);
  if (head.startsWith("OggS")) return startsOf(bytes, ["OggS"]);
  if (/^\s*(?:%PDF|[<{\w])/.test(head)) return startsOf(bytes, ["\n"]);
  if (head.startsWith("\xd0\xcf\x11\xe0"))
    return walk(bytes, 512, (at) => ({ from: at, to: Math.min(bytes.length, at + 512), content: at }));
  return [];
}

const CONTAINERS = new Set([
  "moov",
  "trak",
  "mdia",
  "minf",
  "stbl",
  "meta",
  "iprp",
  "ipco",
  "udta",
  "dinf",
  "edts",
]);

function boxesOf(bytes: Buffer, start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = start; at + 8 <= end && pieces.length < MOST_PIECES; ) {
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > end) break;
    const type = bytes.toString("latin1", at + 4, at + 8);
    pieces.push({ from: at, to: at + size, content: at + 8 });
    if (CONTAINERS.has(type)) pieces.push(...boxesOf(bytes, at + (type === "meta" ? 12 : 8), at + size));
    at += size;
  }
  return pieces;
}

function startsOf(bytes: Buffer, marks: readonly string[]): Piece[] {
  const text = bytes.toString("latin1");
  const starts: number[] = [];
  for (const mark of marks)
    for (let at = text.indexOf(mark); at >= 0 && starts.length < MOST_PIECES; at = text.indexOf(mark, at + 1))
      starts.push(at);
  starts.sort((one, other) => one - other);
  return starts.map((from, n) => ({ from, to: starts[n + 1] ?? bytes.length, content: from + 4 }));
}
