import { Readable } from "node:stream";
import { MIB } from "../../kernel/bytes.js";
import { GatheredBytes } from "./gathered-bytes.js";
import type { Segment } from "./segments.js";
import { listSegments, readSegments, segmentKey, withoutCovered } from "./segments.js";
import type { StagingWriter } from "./staging-area.js";
import type { Storage } from "./storage.js";

/** The size of a complete segment, and the most that is held in memory before it is stored. */
export const SEGMENT_BYTES = 8 * MIB;
/** A segment of which a new one is a smaller part than this stays as it is. */
const MOST_TIMES_LARGER = 2;

type Segments = Pick<Storage, "put" | "get" | "list" | "delete">;

const segmentStartOf = (offset: number): number => offset - (offset % SEGMENT_BYTES);

/**
 * Continues an upload at an offset: its segments are 8 MiB each, except for the last one, which is in pieces while it
 * grows. What was stored behind the offset is removed.
 */
export async function continueSegments(
  storage: Segments,
  name: string,
  offset: number,
): Promise<StagingWriter> {
  const found = await listSegments(storage, name, segmentStartOf(offset));
  const pieces = withoutCovered(found.filter(({ start }) => start < offset));
  const surplus = found.filter((segment) => !pieces.includes(segment));
  await storage.delete(surplus.map(({ key }) => key));
  const last = pieces.pop();
  if (last !== undefined) pieces.push(last.end > offset ? await shorten(storage, last, offset) : last);
  return createWriter(storage, { name, offset, pieces: adjoining(pieces, offset) });
}

async function shorten(storage: Segments, { key, start }: Segment, end: number): Promise<Segment> {
  await storage.put(key, await storage.get(key, { start: 0, end: end - start - 1 }));
  return { key, start, end };
}

/** The pieces that reach to an offset without a gap. */
function adjoining(pieces: readonly Segment[], offset: number): Segment[] {
  const reaching: Segment[] = [];
  for (const piece of pieces.toReversed())
    if (piece.end === (reaching[0]?.start ?? offset)) reaching.unshift(piece);
  return reaching;
}

interface Growing {
  readonly name: string;
  readonly offset: number;
  /** Of the segment that is incomplete. */
  readonly pieces: Segment[];
}

/**
 * What is stored is put together with the pieces before it unless they are more than twice as large, and with all of
 * them when their segment is complete. So a segment never has more than 24 pieces, however many requests it takes, and
 * a byte is stored again only after its piece has grown by half.
 */
function createWriter(storage: Segments, { name, offset, pieces }: Growing): StagingWriter {
  const held = new GatheredBytes();
  let durable = offset;
  const store = async (): Promise<void> => {
    if (held.length === 0) return;
    const end = durable + held.length;
    const joined = takeJoined(pieces, { start: durable, end });
    const start = joined[0]?.start ?? durable;
    const key = segmentKey(name, start);
    await storage.put(key, Readable.from(bytesOf(storage, joined, held)));
    held.clear();
    durable = end;
    if (end % SEGMENT_BYTES !== 0) pieces.push({ key, start, end });
    // What is left is covered by the new object.
    await storage.delete(joined.slice(1).map((piece) => piece.key)).catch(() => {});
  };
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const room = SEGMENT_BYTES - ((durable + held.length) % SEGMENT_BYTES);
        const part = chunk.subarray(at, at + room);
        held.add(part);
        at += part.length;
        if (part.length === room) await store();
      }
    },
    checkpoint: async () => durable,
    async sync() {
      await store();
      return durable;
    },
    async close() {},
  };
}

/** Takes the last pieces that are to be put together with new bytes. */
function takeJoined(pieces: Segment[], { start, end }: Pick<Segment, "start" | "end">): Segment[] {
  const isComplete = end % SEGMENT_BYTES === 0;
  let size = end - start;
  let from = pieces.length;
  for (; from > 0; from--) {
    const piece = pieces[from - 1];
    if (piece === undefined) break;
    const pieceBytes = piece.end - piece.start;
    if (!isComplete && pieceBytes > MOST_TIMES_LARGER * size) break;
    size += pieceBytes;
  }
  return pieces.splice(from);
}

async function* bytesOf(
  storage: Segments,
  joined: readonly Segment[],
  held: GatheredBytes,
): AsyncGenerator<Buffer> {
  yield* readSegments(storage, joined);
  yield held.bytes();
}
