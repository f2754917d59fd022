import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { KIB } from "../../../../kernel/bytes.js";
import { createBreaks } from "../../../../kernel/event-loop-breaks.js";
import type { Received } from "./receive.js";

/** The size of one read, and the most that is examined without yielding. */
export const WINDOW_BYTES = 256 * KIB;

/**
 * Random access to a received file through one window, so that memory is constant for any size. Reading yields to other
 * requests: code that walks through a file need not, if there is a read in each step.
 */
export interface FileBytes extends AsyncDisposable {
  readonly size: number;
  /** Up to `length` bytes; fewer at the end of the file. They are valid until the next `read`. */
  read(at: number, length: number): Promise<Buffer>;
  /** As `read`, but with everything in the window after it: for code that walks on and needs at least `least` bytes. */
  readOn(at: number, least: number): Promise<Buffer>;
}

/** Opens the file only when something outside its head is read. */
export function openFileBytes({ temp, size, head }: Pick<Received, "temp" | "size" | "head">): FileBytes {
  let handle: FileHandle | undefined;
  let buffer: Buffer | undefined;
  let window = { at: 0, bytes: head };
  const takeBreak = createBreaks();

  const load = async (at: number, length: number): Promise<Buffer> => {
    handle ??= await open(temp.path);
    if (buffer === undefined || buffer.length < length)
      buffer = Buffer.allocUnsafe(Math.max(length, WINDOW_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
    window = { at, bytes: buffer.subarray(0, bytesRead) };
    return window.bytes.subarray(0, length);
  };
  /** The bytes in memory from `at` on, if they reach to `end`. */
  const atHand = (at: number, end: number): Buffer | undefined => {
    if (end <= head.length) return head.subarray(at);
    const { at: from, bytes } = window;
    return at >= from && end <= from + bytes.length ? bytes.subarray(at - from) : undefined;
  };
  // Not an async function: a file of many small parts is read some 100,000 times, mostly from memory.
  const afterBreak = (bytes: Buffer): Promise<Buffer> => {
    const pause = takeBreak();
    return pause === null ? Promise.resolve(bytes) : pause.then(() => bytes);
  };
  return {
    size,
    read(at, length) {
      const end = Math.min(at + length, size);
      if (at < 0 || at >= end) return afterBreak(Buffer.alloc(0));
      const found = atHand(at, end)?.subarray(0, end - at);
      return found ? afterBreak(found) : load(at, end - at);
    },
    readOn(at, least) {
      const end = Math.min(at + least, size);
      if (at < 0 || at >= end) return afterBreak(Buffer.alloc(0));
      const found = atHand(at, end);
      return found ? afterBreak(found) : load(at, WINDOW_BYTES);
    },
    async [Symbol.asyncDispose]() {
      await handle?.close();
    },
  };
}

/**
 * The bytes from `from` to the end of the file, window by window. Each begins with the last `overlap` bytes of the
 * previous one, so that nothing of up to that length is missed at a border.
 */
export async function* windows(bytes: FileBytes, from: number, overlap: number): AsyncGenerator<Buffer> {
  for (let at = from; at < bytes.size; at += WINDOW_BYTES - overlap) yield await bytes.read(at, WINDOW_BYTES);
}

/** A part of a file as a file of its own. It shares the file's window, and is disposed with it. */
export const partOf = (bytes: FileBytes, from: number, to: number): FileBytes => ({
  size: to - from,
  read: async (at, length) =>
    at < 0 ? Buffer.alloc(0) : bytes.read(from + at, Math.min(length, to - from - at)),
  readOn: async (at, least) => {
    const found = at < 0 ? Buffer.alloc(0) : await bytes.readOn(from + at, Math.min(least, to - from - at));
    return found.subarray(0, to - from - at);
  },
  [Symbol.asyncDispose]: () => bytes[Symbol.asyncDispose](),
});

/** The end of a file without padding, searched from the end. @param padding the bytes that count as padding */
export async function endOfContent(bytes: FileBytes, padding: ReadonlySet<number>): Promise<number> {
  for (let end = bytes.size; end > 0; ) {
    const from = Math.max(0, end - WINDOW_BYTES);
    const window = await bytes.read(from, end - from);
    const last = window.findLastIndex((byte) => !padding.has(byte));
    if (last !== -1) return from + last + 1;
    end = from;
  }
  return 0;
}
