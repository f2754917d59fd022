import { countDeadBuffers } from "../dead-buffers.js";
import type { Storage, StoredObject } from "./storage.js";

const PREFIX = "staging/";
/** So that keys are ordered as numbers. */
const OFFSET_DIGITS = 16;
const PAGE = 1_000;

/** An object with a part of an upload that is arriving. */
export interface Segment {
  readonly key: string;
  /** The offset of its first byte in the upload. */
  readonly start: number;
  readonly end: number;
}

/** Where the bytes of a direct upload are when they are complete: the only segment of the upload. */
export const onlySegmentKey = (name: string): string => segmentKey(name, 0);

/** Whether an object is a segment of an upload that is arriving, which is not known by a row of its own. */
export const isStagedSegment = (key: string): boolean => key.startsWith(PREFIX);

/** The name of the upload of which an object is a segment. */
export const stagedNameOf = (key: string): string => key.split("/")[1] ?? "";

export const segmentKey = (name: string, start: number): string =>
  `${PREFIX}${name}/${String(start).padStart(OFFSET_DIGITS, "0")}`;

/** The segments of an upload that begin at an offset or behind it, in their order. */
export async function listSegments(
  storage: Pick<Storage, "list">,
  name: string,
  from = 0,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  const after = from > 0 ? segmentKey(name, from - 1) : undefined;
  for await (const { key, size } of listAll(storage, `${PREFIX}${name}/`, after)) {
    const start = Number(key.slice(key.lastIndexOf("/") + 1));
    segments.push({ key, start, end: start + size });
  }
  return segments;
}

/** All segments of all uploads, those of each one after the other. */
export const listAllSegments = (storage: Pick<Storage, "list">): AsyncGenerator<StoredObject> =>
  listAll(storage, PREFIX, undefined);

/** Segments without those whose bytes are in another one: a server was killed after it had put them together. */
export function withoutCovered(segments: readonly Segment[]): Segment[] {
  let covered = -1;
  return segments.filter(({ end }) => {
    if (end <= covered) return false;
    covered = end;
    return true;
  });
}

/** The bytes of segments, one after the other. */
export async function* readSegments(
  storage: Pick<Storage, "get">,
  segments: readonly Segment[],
): AsyncGenerator<Buffer> {
  for (const { key, start, end } of segments)
    for await (const chunk of await storage.get(key, undefined, end - start)) {
      countDeadBuffers(chunk.length);
      yield chunk as Buffer;
    }
}

async function* listAll(
  storage: Pick<Storage, "list">,
  prefix: string,
  from: string | undefined,
): AsyncGenerator<StoredObject, void, undefined> {
  for (let after = from; ; ) {
    const page = await storage.list(prefix, after);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.key;
  }
}
