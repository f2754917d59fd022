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
  /** When the object came to be under its key, or later. */
  readonly modifiedAt: Date;
}

/**
 * Where bytes are kept. Keys are made by the server alone: `[a-zA-Z0-9._-]` segments joined
 * by `/`, none beginning with a dot (`key.ts`).
 *
 * Every implementation passes `test/contracts/storage.contract.ts`.
 */
export interface Storage {
  /**
   * Stores a stream under a key. Atomic: the key holds all of the bytes or does not exist, and when the
   * promise resolves they are durable. A stream that fails leaves nothing; a stream
   * that cannot be stored is destroyed.
   */
  put(key: string, body: Readable): Promise<void>;
  /**
   * As `put`, from a local file that the storage takes over: afterwards it is gone from
   * `path`. When this fails, the file is still the caller's.
   */
  putFile(key: string, path: string): Promise<void>;
  /**
   * The bytes, or a range of them, whose end may lie behind the object's. Read the stream to its end or destroy it.
   *
   * @param size how many bytes the whole object should have, where the caller knows
   * @throws ObjectNotFound, WrongSize, RangeError when the range starts behind the object's end
   */
  get(key: string, range?: ByteRange, size?: number): Promise<Readable>;
  /** Null when nothing is stored under the key. */
  stat(key: string): Promise<StoredObject | null>;
  /** Atomic, like `put`. @throws ObjectNotFound */
  copy(from: string, to: string): Promise<void>;
  /** Idempotent: a key that does not exist is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** At most 1,000 objects under a prefix, ordered by key, starting behind `after`; a page of fewer is the last. */
  list(prefix: string, after?: string): Promise<readonly StoredObject[]>;
  /**
   * Every object, in any order, read in one go: what comes or goes meanwhile may be told of or not. Memory does not
   * grow with the number of objects.
   */
  walk(): AsyncIterable<StoredObject>;
  /** Removed objects stay here for a while. */
  readonly trash: StorageTrash;
  /** The text of the mark that says whose storage this is; null when there is none, as in an empty mount point. */
  readMark(): Promise<string | null>;
  /** Writes the mark, atomic and durable. It is no object: neither `walk` nor `list` tells of it. */
  writeMark(text: string): Promise<void>;
  /** Resolves when the storage can be written to and read from. @throws what is wrong, in words */
  check(): Promise<void>;
}

/** An object is longer or shorter than who asks for it knows it to be. */
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

/** Objects out of everybody's reach that can come back under the keys that they had. */
export interface StorageTrash {
  /** Moves objects here; a key that does not exist is no error. `modifiedAt` is then the moment of the move. */
  put(keys: readonly string[]): Promise<void>;
  /** Moves objects back, except of those keys that have an object again. */
  restore(keys: readonly string[]): Promise<void>;
  walk(): AsyncIterable<StoredObject>;
  /** Removes objects of the trash for good. */
  delete(keys: readonly string[]): Promise<void>;
}

export class ObjectNotFound extends Error {
  override readonly name = "ObjectNotFound";
  constructor(readonly key: string) {
    super(`nothing is stored under ${key}`);
  }
}
