import type { Readable } from "node:stream";

/** An inclusive range of bytes, as in HTTP (RFC 9110 §14.1.2). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** When the object was stored under its key, or later. */
  readonly modifiedAt: Date;
}

/**
 * Stores bytes under keys. Only the server creates keys: `[a-zA-Z0-9._-]` segments joined by `/`, none of which begins
 * with a dot (`key.ts`).
 *
 * Every implementation passes `test/contracts/storage.contract.ts`.
 */
export interface Storage {
  /**
   * Stores a stream under a key. Atomic: the key has all of the bytes or does not exist, and when the promise resolves
   * they are durable. If the stream fails, nothing is stored; if it cannot be stored, the stream is destroyed.
   */
  put(key: string, body: Readable): Promise<void>;
  /** As `put`, but moves a local file into the storage. If it fails, the file still belongs to the caller. */
  putFile(key: string, path: string): Promise<void>;
  /**
   * The bytes, or a range of them, whose end may exceed the object. The caller reads the stream to its end or destroys
   * it.
   *
   * @param size the expected size of the whole object, if known
   * @throws ObjectNotFound, WrongSize, RangeError if the range starts after the end of the object
   */
  get(key: string, range?: ByteRange, size?: number): Promise<Readable>;
  /** Null if nothing is stored under the key. */
  stat(key: string): Promise<StoredObject | null>;
  /** Atomic, like `put`. @throws ObjectNotFound */
  copy(from: string, to: string): Promise<void>;
  /** Idempotent: a missing key is not an error. */
  delete(keys: readonly string[]): Promise<void>;
  /** At most 1,000 objects under a prefix, ordered by key, after `after`; a page with fewer objects is the last. */
  list(prefix: string, after?: string): Promise<readonly StoredObject[]>;
  /**
   * Every object, in any order. Objects that are added or removed meanwhile may or may not be included. Memory does not
   * grow with the number of objects.
   */
  walk(): AsyncIterable<StoredObject>;
  /** Holds removed objects for a while. */
  readonly trash: StorageTrash;
  /**
   * The text of the mark that identifies the storage's installation; null if there is none, as in an empty mount point.
   */
  readMark(): Promise<string | null>;
  /** Writes the mark, atomically and durably. It is not an object: `walk` and `list` do not include it. */
  writeMark(text: string): Promise<void>;
  /** Checks that the storage can be written and read. @throws Error with the reason */
  check(): Promise<void>;
}

/** An object has another size than the caller expects. */
export class WrongSize extends Error {
  override readonly name = "WrongSize";
  constructor(
    readonly key: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`${key} has ${actual} bytes, and should have ${expected}`);
  }
}

/** Removed objects, which can be restored under their keys. */
export interface StorageTrash {
  /** Moves objects to the trash; a missing key is not an error. Their `modifiedAt` becomes the time of the move. */
  put(keys: readonly string[]): Promise<void>;
  /** Moves objects back, except for keys that have an object again. */
  restore(keys: readonly string[]): Promise<void>;
  walk(): AsyncIterable<StoredObject>;
  /** Removes objects from the trash permanently. */
  delete(keys: readonly string[]): Promise<void>;
}

export class ObjectNotFound extends Error {
  override readonly name = "ObjectNotFound";
  constructor(readonly key: string) {
    super(`nothing is stored under ${key}`);
  }
}
